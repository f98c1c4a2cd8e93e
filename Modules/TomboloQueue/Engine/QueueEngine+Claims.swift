import Synchronization
import TomboloPorts

/// Claims: operations that are taken from memory for delivery, and given back without a write.
extension QueueEngine {
  /// Takes up to `limit` operations from memory, highest priority first, within one the longest waiting, and marks them
  /// as being delivered. What was passed over often enough has its turn whatever its priority.
  func take(_ limit: Int, lowest: OperationPriority) -> (
    taken: [TakenEntry], isExhausted: Bool
  ) {
    let passedOverMaximum = sharedConfiguration.values.passedOverMaximum
    return state.withLock { state in
      var taken: [TakenEntry] = []
      while taken.count < limit {
        guard let priority = state.nextPriority(lowest: lowest, passedOverMaximum: passedOverMaximum)
        else { return (taken, true) }
        let index = Int(priority.rawValue)
        // A lower priority must not go first because a higher one has to be read.
        guard let entry = state.windows[index].popFirst() else { return (taken, false) }
        state.passOver(priority, lowest: lowest)
        taken.append(TakenEntry(id: entry.id, priority: priority, record: entry.record))
        state.inFlight[entry.id] = InFlightEntry(readyPriority: priority, record: entry.record)
      }
      return (taken, true)
    }
  }

  /// Puts a claimed operation back as it was, without touching the store.
  func putBack(_ id: OperationID) {
    state.withLock { state in
      guard let entry = state.inFlight.removeValue(forKey: id) else { return }
      state.windows[Int(entry.readyPriority.rawValue)].insert(id, entry.record)
    }
  }

  /// Gives up a claimed operation of which only the store knows where it stands: the next claim reads.
  func forgetPlace(_ id: OperationID) {
    state.withLock { state in
      state.inFlight[id] = nil
      state.forget()
    }
  }

  /// Forgets a claimed operation that turned out not to be there.
  func forgetClaim(_ id: OperationID) {
    state.withLock { _ = $0.inFlight.removeValue(forKey: id) }
  }
}

extension QueueEngine.State {
  /// Whose turn it is; `nil` when there is nothing. The front of that priority may have to be read first.
  fileprivate func nextPriority(lowest: OperationPriority, passedOverMaximum: Int) -> OperationPriority? {
    var (first, overdue) = (OperationPriority?.none, OperationPriority?.none)
    var most = max(1, passedOverMaximum) - 1
    for priority in OperationPriority.allCases where priority <= lowest {
      let index = Int(priority.rawValue)
      guard windows[index].count > 0 || windows[index].needsRefill else { continue }
      if first == nil {
        first = priority
      } else if passedOver[index] > most {
        (overdue, most) = (priority, passedOver[index])
      }
    }
    return overdue ?? first
  }

  /// Notes that `priority` had its turn, and that lower ones did not.
  fileprivate mutating func passOver(_ priority: OperationPriority, lowest: OperationPriority) {
    passedOver[Int(priority.rawValue)] = 0
    for lower in OperationPriority.allCases where lower > priority && lower <= lowest {
      let index = Int(lower.rawValue)
      // One that ran empty may have more in the store, which is read when its turn comes.
      passedOver[index] = windows[index].count > 0 || windows[index].needsRefill ? passedOver[index] + 1 : 0
    }
  }
}

/// An operation that was taken from memory for delivery.
struct TakenEntry {
  var id: OperationID
  var priority: OperationPriority
  /// As in `ReadyWindow.Entry`.
  var record: [UInt8]?
}
