/// One question that the benchmark answers, by name.
package enum BenchmarkScenario: Hashable, Sendable, CustomStringConvertible {
  /// So many producers that each enqueue one operation after the other, against a commit of as many, at most 64, on the floor.
  case enqueue(producerCount: Int)
  /// The same with 64 producers and payloads of another size.
  case payload(byteCount: Int)
  /// Claim, deliver with a handler that does nothing, and settle, 64 at once, against taking 64 at once on the floor.
  case deliver
  /// 64 producers and a worker at the same time, against adding and taking 64 by turns.
  case mixed
  /// A hundred operations that are due, behind many that are not yet: against a queue without those.
  case delayed
  /// 10,000 operations over 500 ordering keys, delivered to an upstream with 2 ms latency that refuses 1 % and throttles 5 %.
  case drain

  package static let standard: [BenchmarkScenario] =
    [1, 8, 64, 512].map { .enqueue(producerCount: $0) } + [.deliver, .mixed]
    + [64, 4_096, 65_536].map { .payload(byteCount: $0) } + [.delayed, .drain]

  package var description: String {
    switch self {
    case .enqueue(let count): "enqueue-\(count)"
    case .payload(let count): "payload-\(count)"
    case .deliver: "deliver"
    case .mixed: "mixed"
    case .delayed: "delayed"
    case .drain: "drain"
    }
  }

  /// The scenarios whose name is `name`, or begins with `name` and a hyphen.
  package static func named(_ name: String) -> [BenchmarkScenario] {
    standard.filter { $0.description == name || $0.description.hasPrefix(name + "-") }
  }

  func measure(_ engine: BenchmarkEngine, _ settings: BenchmarkSettings) async throws -> BenchmarkResult {
    let rounds = Rounds(engine: engine, settings: settings)
    switch self {
    case .enqueue(let count):
      return try await EnqueueScenario(producerCount: count, payload: settings.payload).measure("\(self)", rounds)
    case .payload(let byteCount):
      let payload = settings.payload(byteCount)
      return try await EnqueueScenario(producerCount: 64, payload: payload).measure("\(self)", rounds)
    case .deliver: return try await DeliverScenario(isMixed: false).measure("\(self)", rounds)
    case .mixed: return try await DeliverScenario(isMixed: true).measure("\(self)", rounds)
    case .delayed: return try await DelayedScenario().measure("\(self)", rounds)
    case .drain: return try await DrainScenario().measure("\(self)", rounds)
    }
  }
}
