/// One question that the benchmark answers, by name.
package enum BenchmarkScenario: Hashable, Sendable, CustomStringConvertible {
  /// So many producers that each enqueue one operation after the other, against a commit of as many, at most 64, on the floor.
  case enqueue(producerCount: Int)
  /// The same with 64 producers and payloads of another size.
  case payload(byteCount: Int)
  /// Claim, deliver with a handler that does nothing, and settle, 64 at once, against taking 64 at once on the floor.
  case deliver
  /// The records of the queue, so many operations in a commit, without a queue: what of the distance between `enqueue` and the
  /// floor is the engine's, and what the storage port's.
  case records(RecordsScenario.Writer, batchCount: Int)
  /// The same 64 at a time, read and deleted, beside `deliver`.
  case recordsTaken(RecordsScenario.Writer)
  /// `enqueue` and `deliver` on a store in memory: what the queue itself takes, without an engine and a disk.
  case inMemory(producerCount: Int)
  case inMemoryDeliver
  /// 64 producers and a worker at the same time, against adding and taking 64 by turns.
  case mixed
  /// From the status change to the first delivery, and to the thousandth.
  case recovery
  /// 10,000 operations over 500 ordering keys, delivered to an upstream with 2 ms latency that refuses 1 % and throttles 5 %.
  case drain
  /// 64 connections to the agent's HTTP interface, against 64 producers that call the library.
  case http
  /// How long it takes to open a store with so many operations.
  case open(storedCount: Int)
  /// What is resident with a million stored.
  case memory
  /// What an enqueue and a settlement cost beside a million, and beside a hundred thousand, against beside a thousand.
  case backlog
  /// A hundred operations that are due, behind a million that are not yet: against a queue without those.
  case delayed

  /// Those of a run that names none.
  package static let short: [BenchmarkScenario] =
    [1, 8, 64, 512].map { .enqueue(producerCount: $0) } + [
      .deliver, .mixed,
    ]
    + [64, 4_096, 65_536].map { .payload(byteCount: $0) } + [.recovery, .drain, .http]

  /// Those that fill stores with up to a million operations.
  package static let large: [BenchmarkScenario] =
    [1_000, 100_000, 1_000_000].map { .open(storedCount: $0) } + [.memory, .backlog, .delayed]

  /// What stands between the floor and the queue, a rung at a time.
  package static let ladder: [BenchmarkScenario] =
    writers.map { .records($0, batchCount: 1) } + [.enqueue(producerCount: 1)]
    + writersOfMany.map { .records($0, batchCount: 64) } + [.inMemory(producerCount: 64), .enqueue(producerCount: 64)]
    + writersOfMany.map { .recordsTaken($0) } + [.inMemoryDeliver, .deliver]

  private static let writers: [RecordsScenario.Writer] = [.engine, .port]
  private static let writersOfMany: [RecordsScenario.Writer] = [.engine, .engineForTasks, .port]

  private static let every = short + ladder.filter { !short.contains($0) } + large

  /// Those with a goal.
  package static let goals: [BenchmarkScenario] =
    [.enqueue(producerCount: 1), .enqueue(producerCount: 64), .deliver]
    + [.recovery, .http, .memory, .backlog]

  package var description: String {
    switch self {
    case .enqueue(let count): "enqueue-\(count)"
    case .payload(let count): "payload-\(count)"
    case .deliver: "deliver"
    case .mixed: "mixed"
    case .records(.engine, let count): "engine-records-\(count)"
    case .records(.engineForTasks, let count): "task-records-\(count)"
    case .records(.port, let count): "port-records-\(count)"
    case .recordsTaken(.engine): "engine-records-deliver"
    case .recordsTaken(.engineForTasks): "task-records-deliver"
    case .recordsTaken(.port): "port-records-deliver"
    case .inMemory(let count): "inmemory-enqueue-\(count)"
    case .inMemoryDeliver: "inmemory-deliver"
    case .recovery: "recovery"
    case .drain: "drain"
    case .http: "http"
    case .open(let count): "open-\(count)"
    case .memory: "memory"
    case .backlog: "backlog"
    case .delayed: "delayed"
    }
  }

  /// The scenarios whose name is `name`, or begins with `name` and a hyphen; those of a group for `short`, `large`, `ladder`, `goals`
  /// or `all`.
  package static func named(_ name: String) -> [BenchmarkScenario] {
    switch name {
    case "short": short
    case "large": large
    case "goals": goals
    case "ladder": ladder
    case "all": every
    default: every.filter { $0.description == name || $0.description.hasPrefix(name + "-") }
    }
  }

  /// What others are asked to do for the same row of the table; `nil` where no other does it.
  var peerScenario: String? {
    switch self {
    case .enqueue(1), .enqueue(64), .deliver: description
    default: nil
    }
  }

  func measure(_ rounds: Rounds, _ stores: FilledStores) async throws -> [BenchmarkResult] {
    let settings = rounds.settings
    switch self {
    case .enqueue(let count):
      return [try await EnqueueScenario(producerCount: count, payload: settings.payload).measure("\(self)", rounds)]
    case .payload(let byteCount):
      let payload = settings.payload(byteCount)
      return [try await EnqueueScenario(producerCount: 64, payload: payload).measure("\(self)", rounds)]
    case .deliver: return [try await DeliverScenario(isMixed: false).measure("\(self)", rounds)]
    case .mixed: return [try await DeliverScenario(isMixed: true).measure("\(self)", rounds)]
    case .records(let writer, let count):
      return [try await RecordsScenario(writer: writer, batchCount: count, isTaking: false).measure("\(self)", rounds)]
    case .recordsTaken(let writer):
      return [try await RecordsScenario(writer: writer, batchCount: 64, isTaking: true).measure("\(self)", rounds)]
    case .inMemory(let count):
      return [
        try await EnqueueScenario(producerCount: count, payload: settings.payload, isInMemory: true)
          .measure("\(self)", rounds)
      ]
    case .inMemoryDeliver:
      return [try await DeliverScenario(isMixed: false, isInMemory: true).measure("\(self)", rounds)]
    case .recovery: return [try await RecoveryScenario().measure("\(self)", rounds)]
    case .drain: return [try await DrainScenario().measure("\(self)", rounds)]
    case .http: return [try await HTTPScenario().measure("\(self)", rounds)]
    case .open(let count): return [try await OpenScenario(storedCount: count).measure("\(self)", rounds, stores)]
    case .memory: return [try await MemoryScenario().measure("\(self)", rounds, stores)]
    case .backlog: return try await BacklogScenario().measure("\(self)", rounds, stores)
    case .delayed: return [try await DelayedScenario().measure("\(self)", rounds, stores)]
    }
  }
}
