/// Compares what was accepted with what the upstream says it received.
struct DemoCheck: Sendable {
  /// One operation that the queue accepted.
  struct Accepted: Sendable {
    var id: String
    var kind: String
    var orderingKey: String?
  }

  /// One operation that the upstream accepted.
  struct Received: Sendable {
    var id: String
    /// How often it came again and was recognised.
    var repeatCount: Int
  }

  /// In the order in which they were enqueued.
  var accepted: [Accepted]
  /// In the order in which they arrived.
  var received: [Received]
  /// Those kept as dead letters.
  var deadLettered: Set<String>
  /// How many the queue still means to deliver.
  var waitingCount: Int

  /// What is wrong, in words; empty when everything arrived, once, in the order of its key.
  var problems: [String] {
    var problems: [String] = []
    let known = Set(accepted.map(\.id))
    let arrived = Set(received.map(\.id))
    func complain(_ count: Int, _ words: String) {
      if count > 0 { problems.append("\(count) \(count == 1 ? "operation" : "operations") \(words)") }
    }
    complain(accepted.count { !arrived.contains($0.id) && !deadLettered.contains($0.id) }, "did not arrive")
    complain(received.count - arrived.count, "counted twice at the upstream")
    complain(arrived.subtracting(known).count, "at the upstream that nobody enqueued")
    complain(arrived.intersection(deadLettered).count, "both dead-lettered and received")
    complain(waitingCount, "still waiting in the queue")
    let unexpected = accepted.filter { deadLettered.contains($0.id) && $0.kind != DemoOperation.refused.kind }
    complain(unexpected.count, "dead-lettered that should have been delivered")
    for key in disorderedKeys { problems.append("the operations of \(key) arrived in another order") }
    return problems
  }

  /// How many ordering keys there are.
  var keyCount: Int { Set(accepted.compactMap(\.orderingKey)).count }

  /// How often an operation came again and was recognised.
  var repeatCount: Int { received.reduce(0) { $0 + $1.repeatCount } }

  /// Keys whose operations arrived in another order than they were enqueued in; what did not arrive is left out.
  private var disorderedKeys: [String] {
    var positions: [String: Int] = [:]
    for (position, operation) in received.enumerated() where positions[operation.id] == nil {
      positions[operation.id] = position
    }
    let lines = Dictionary(grouping: accepted.filter { $0.orderingKey != nil }) { $0.orderingKey ?? "" }
    return lines.keys.sorted().filter { key in
      let order = (lines[key] ?? []).compactMap { positions[$0.id] }
      return order != order.sorted()
    }
  }
}
