import Testing
import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import TomboloQueue

@Suite("Durability for each enqueue", .timeLimit(.minutes(10)))
struct DurabilityTests {
  private static func store(_ own: StoreDurability?, heeds: Bool = true) -> CountingStore {
    CountingStore(
      InMemoryStore(
        capabilities: StoreCapabilities(
          isDurable: true, isShareable: false, durability: own, heedsBatchDurability: heeds)))
  }

  @Test("What is asked for reaches the store, and what asks for nothing is left to it")
  func asked() async throws {
    let store = Self.store(.full)
    let test = try await TestQueue.open(store)
    let operation = NewOperation(kind: "test")
    try await test.queue.enqueue(operation)
    try await test.queue.enqueue(operation, durability: .normal)
    try await test.queue.enqueue(operation, durability: .full)
    #expect(store.durabilities == [nil, .normal, .full])
    store.reset()
    try await test.worker.drain()
    #expect(store.durabilities.allSatisfy { $0 == nil })
  }

  @Test("What the configuration asks for counts where an enqueue does not say")
  func configured() async throws {
    let store = Self.store(.full)
    let test = try await TestQueue.open(store) { $0.durability = .normal }
    try await test.queue.enqueue(NewOperation(kind: "test"))
    try await test.queue.enqueue(NewOperation(kind: "test"), durability: .full)
    #expect(store.durabilities == [.normal, .full])

    // Put in place while it runs it is refused at each enqueue: whoever reloads a config asks first.
    let weak = try await TestQueue.open(Self.store(.normal, heeds: false))
    var configuration = weak.configuration
    configuration.durability = .full
    weak.queue.reconfigure(configuration)
    #expect(try await queueError { try await weak.queue.enqueue(NewOperation(kind: "test")) }?.field == "durability")
  }

  @Test(
    "A queue whose configuration asks for more than its store can reach does not open, and says why",
    arguments: [(StoreDurability.normal, StoreDurability.full, false), (nil, .full, false), (.normal, .normal, true)]
      as [(StoreDurability?, StoreDurability, Bool)])
  func unreachable(own: StoreDurability?, wanted: StoreDurability, isReachable: Bool) async throws {
    let error = try await queueError {
      _ = try await TestQueue.open(Self.store(own, heeds: false)) { $0.durability = wanted }
    }
    #expect((error == nil) == isReachable)
    guard let error else { return }
    #expect(error.code == .unsupported && error.field == "queue.durability")
    #expect(error.message.contains("as durable as full") && error.message.contains("remove it"), "\(error)")
  }

  @Test("Together with others in one commit, the most that one of them needs counts")
  func together() async throws {
    let store = Self.store(.full)
    let test = try await TestQueue.open(store)
    func durability(of requests: [QueueRequest]) async throws -> StoreDurability? {
      store.reset()
      _ = try await test.queue.engine.process(requests)
      #expect(store.durabilities.count == 1)
      return store.durabilities.first ?? nil
    }
    func request(_ durability: StoreDurability?) -> QueueRequest {
      let operation = NewOperation(kind: "test")
      let prepared = PreparedOperation(
        operation: operation, enqueuedAt: test.time.now,
        record: OperationRecord.encode(operation, enqueuedAt: test.time.now))
      return .enqueue([prepared], alongside: Batch(), durability)
    }
    #expect(try await durability(of: [request(.normal), request(.normal)]) == .normal)
    #expect(try await durability(of: [request(.normal), request(.full)]) == .full)
    // What asks for nothing needs what the store is set to.
    #expect(try await durability(of: [request(.normal), request(nil)]) == .full)
    #expect(try await durability(of: [request(nil), request(nil)]) == nil)
  }

  @Test("What a caller's own changes need counts, too, alone and together with others")
  func companions() async throws {
    let store = Self.store(.normal)
    let test = try await TestQueue.open(store)
    let id = try await test.add()
    func durability(of requests: [QueueRequest]) async throws -> StoreDurability? {
      store.reset()
      _ = try await test.queue.engine.process(requests)
      #expect(store.durabilities.count == 1)
      return store.durabilities.first ?? nil
    }
    func companion(_ durability: StoreDurability?) -> Batch {
      Batch(mutations: [.put(Key("own"), [1])], durability: durability)
    }
    func added(_ durability: StoreDurability?, _ own: StoreDurability?) -> QueueRequest {
      let prepared = PreparedOperation(NewOperation(kind: "test"), enqueuedAt: test.time.now)
      return .enqueue([prepared], alongside: companion(own), durability)
    }
    let rewritten = QueueRequest.rewrite([id], alongside: companion(.full)) { _ in [2] }
    #expect(try await durability(of: [rewritten]) == .full)
    #expect(try await durability(of: [rewritten, added(.normal, nil)]) == .full)
    #expect(try await durability(of: [.rewrite([id], alongside: companion(.normal)) { _ in [3] }]) == nil)
    #expect(try await durability(of: [added(nil, .full)]) == .full)
    #expect(try await durability(of: [added(.normal, .full), added(nil, nil)]) == .full)
    #expect(try await durability(of: [added(.full, .normal)]) == .full)
    #expect(try await durability(of: [added(nil, .normal)]) == nil)
  }

  @Test(
    "More than a store can give is refused, and says what it gives; less is always accepted",
    arguments: [StoreDurability.normal, StoreDurability.none, nil])
  func refused(own: StoreDurability?) async throws {
    let test = try await TestQueue.open(Self.store(own, heeds: false))
    let error = try await queueError {
      try await test.queue.enqueue(NewOperation(kind: "test"), durability: .full)
    }
    #expect(error?.code == .invalidOperation)
    #expect(error?.field == "durability")
    #expect(error?.message.contains(own?.rawValue ?? "does not tell") == true)
    #expect(try await test.queue.status().pending == 0)
    try await test.queue.enqueue(NewOperation(kind: "test"), durability: StoreDurability.none)
    #expect(try await test.queue.status().pending == 1)
  }

  @Test("A store in memory promises nothing, and nobody is told otherwise")
  func memory() async throws {
    let test = try await TestQueue.open(InMemoryStore())
    let error = try await queueError {
      try await test.queue.enqueue(NewOperation(kind: "test"), durability: .normal)
    }
    #expect(error?.message.contains("reach nothing") == true)
  }
}
