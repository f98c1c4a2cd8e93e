import Logging
import Synchronization
import TomboloPorts

/// What is read of the ready index into memory.
extension QueueEngine {
  /// Reads the front of the ready index for each priority that ran empty. No commit is under way meanwhile.
  func refillWindows() async throws {
    for priority in OperationPriority.allCases {
      let index = Int(priority.rawValue)
      let limit = state.withLock { state in
        state.windows[index].needsRefill ? state.windows[index].capacity + state.inFlight.count : nil
      }
      guard let limit else { continue }
      let (found, end) = try await readReady(priority, after: nil, limit: limit)
      state.withLock { state in
        // Of what was read there are as many free ones as the window takes, or all.
        let free = found.filter { state.inFlight[$0.id] == nil }
        state.windows[index].refill(free, isComplete: end == nil)
      }
    }
  }

  /// Entries of two ranges in their order. One that another process parted between the two reads is in both, and has two records now.
  private static func merged(_ found: [ReadyWindow.Entry]) -> [ReadyWindow.Entry] {
    var entries: [ReadyWindow.Entry] = []
    entries.reserveCapacity(found.count)
    for entry in found.sorted(by: { $0.id < $1.id }) {
      if let last = entries.last, last.id == entry.id {
        entries[entries.count - 1].record = nil
      } else {
        entries.append(entry)
      }
    }
    return entries
  }

  /// What is ready with this priority, in order, and up to which identifier that is all there is; `nil` for all.
  private func readReady(
    _ priority: OperationPriority, after horizon: OperationID?, limit: Int
  ) async throws -> (found: [ReadyWindow.Entry], end: OperationID?) {
    var found: [ReadyWindow.Entry] = []
    var end: OperationID?
    for range in QueueLayout.readyRanges(priority) {
      let lower = horizon.map { QueueLayout.key(after: $0, in: range) } ?? range.lower
      let records = try await store.scan(KeyRange(from: lower, to: range.upper), limit: limit)
      let isSingle = range == QueueLayout.single
      found.reserveCapacity(found.count + records.count)
      for record in records {
        guard let id = QueueLayout.trailingID(record.key) else { continue }
        found.append(ReadyWindow.Entry(id: id, record: isSingle ? record.value : nil))
      }
      if records.count >= limit, let last = found.last { end = min(last.id, end ?? last.id) }
    }
    // Most often there is nothing in one of the two.
    if !found.isSorted { found = Self.merged(found) }
    if let end, let index = found.lastIndex(where: { $0.id <= end }) { found.removeSubrange((index + 1)...) }
    return (found, end)
  }

  // MARK: - Ahead

  /// Begins to read ahead, so that claims need not wait for the front of the index: where a window is half empty and there is more in
  /// the store. `lookAhead` is to be called then.
  ///
  /// Other processes may change what they share at any moment, so there only what is needed is read.
  func beginLookahead() -> Lookahead? {
    guard !isShared else { return nil }
    return state.withLock { state in
      guard state.lookahead == nil else { return nil }
      for priority in OperationPriority.allCases {
        let window = state.windows[Int(priority.rawValue)]
        guard !window.isComplete, let horizon = window.newest, window.count <= window.capacity / 2 else { continue }
        state.lookaheadCount += 1
        var lookahead = Lookahead(
          number: state.lookaheadCount, priority: priority, horizon: horizon, limit: max(1, window.capacity / 4))
        lookahead.note(state.planned)
        state.lookahead = lookahead
        return lookahead
      }
      return nil
    }
  }

  /// Reads on behind what a window has, while groups are planned and committed. Of what was read, what lies before the first that
  /// they touched meanwhile is as it was.
  func lookAhead(_ begun: Lookahead) async {
    let index = Int(begun.priority.rawValue)
    do {
      let (found, end) = try await readReady(begun.priority, after: begun.horizon, limit: begun.limit)
      state.withLock { state in
        // Forgotten meanwhile, and with it what was touched: another one may have begun at the same place.
        guard let lookahead = state.lookahead, lookahead.number == begun.number else { return }
        state.lookahead = nil
        guard !state.windows[index].isComplete, state.windows[index].newest == begun.horizon else { return }
        let sound = lookahead.sound(found)
        let free = sound.filter { state.inFlight[$0.id] == nil }
        state.windows[index].extend(free, isComplete: end == nil && !lookahead.isTouched)
      }
    } catch {
      state.withLock { state in
        if state.lookahead?.number == begun.number { state.lookahead = nil }
      }
      // The claim that needs it meets the same failure and tells it.
      logger.debug("the ready index could not be read ahead", metadata: ["error": "\(error)"])
    }
  }
}

extension [ReadyWindow.Entry] {
  fileprivate var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0.id < $1.id } }
}
