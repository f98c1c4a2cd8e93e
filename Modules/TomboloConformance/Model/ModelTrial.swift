import TomboloPorts

/// Runs commands on a store and on its model side by side, and shortens a list of commands that shows a difference.
struct ModelTrial {
  /// How many lists are tried to shorten one, at most: each needs a fresh store.
  private static let runCountMaximum = 250

  let trial: StoreTrial

  /// Throws a finding with the shortest list found, when store and model differ.
  func run(_ commands: [ModelCommand]) async throws {
    guard let difference = try await difference(commands) else { return }
    let (short, last) = try await shortened(commands, difference)
    let steps = short.enumerated().map { "  \($0.offset + 1). \($0.element)" }.joined(separator: "\n")
    throw Finding(
      message:
        "the store and an ordered dictionary differ: \(last)\n\(short.count) of \(commands.count) commands show it:\n"
        + steps)
  }

  /// What a fresh store answers otherwise than the model, or `nil`.
  private func difference(_ commands: [ModelCommand]) async throws -> String? {
    try await trial.renew()
    var model = StoreModel()
    do {
      for command in commands { try await step(command, &model) }
      let all = try await trial.store.scan(.all, limit: .max)
      try require(all, is: model.scan(.all, reverse: false, limit: .max), "what the store holds in the end")
      return nil
    } catch let finding as Finding {
      return finding.message
    } catch {
      try Task.checkCancellation()
      return "the store threw \(words(for: error))"
    }
  }

  private func step(_ command: ModelCommand, _ model: inout StoreModel) async throws {
    switch command {
    case .commit(let modelBatches):
      let batches = modelBatches.map { model.batch($0) }
      for (batch, result) in zip(batches, try await trial.store.results(of: batches)) { try model.take(batch, result) }
    case .get(let keys):
      try require(try await trial.store.get(keys), is: model.get(keys), "the answer to “\(command)”")
    case .scan(let range, let reverse, let limit):
      let found = try await trial.store.scan(range, reverse: reverse, limit: limit)
      try require(found, is: model.scan(range, reverse: reverse, limit: limit), "the answer to “\(command)”")
    case .reopen: try await trial.reopen()
    case .crash: try await trial.crash()
    }
  }

  /// Leaves out ever smaller parts, then parts of commits, as long as a difference remains.
  private func shortened(_ commands: [ModelCommand], _ difference: String) async throws -> ([ModelCommand], String) {
    var best = commands
    var last = difference
    var runCount = 0
    func takesOver(_ candidate: [ModelCommand]) async throws -> Bool {
      guard runCount < Self.runCountMaximum else { return false }
      runCount += 1
      guard let difference = try await self.difference(candidate) else { return false }
      best = candidate
      last = difference
      return true
    }
    var size = max(1, best.count / 2)
    while size >= 1 {
      var start = 0
      while start < best.count {
        var candidate = best
        candidate.removeSubrange(start..<min(start + size, best.count))
        if try await !takesOver(candidate) { start += size }
      }
      size /= 2
    }
    var index = 0
    while index < best.count {
      var isSmaller = false
      for part in best[index].parts {
        var candidate = best
        candidate[index] = part
        if try await takesOver(candidate) {
          isSmaller = true
          break
        }
      }
      if !isSmaller { index += 1 }
    }
    return (best, last)
  }
}

extension ModelCommand {
  /// The command with one thing less, for each thing that can be left out.
  fileprivate var parts: [ModelCommand] {
    guard case .commit(let batches) = self else { return [] }
    var parts: [ModelCommand] = []
    for index in batches.indices {
      var fewer = batches
      fewer.remove(at: index)
      if !fewer.isEmpty { parts.append(.commit(fewer)) }
      for check in batches[index].checks.indices {
        var fewer = batches
        fewer[index].checks.remove(at: check)
        parts.append(.commit(fewer))
      }
      for mutation in batches[index].mutations.indices {
        var fewer = batches
        fewer[index].mutations.remove(at: mutation)
        parts.append(.commit(fewer))
      }
    }
    return parts
  }
}
