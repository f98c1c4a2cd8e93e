import AsyncHTTPClient
import TomboloAgent
import TomboloComposition
import TomboloPorts
import TomboloQueue
import TomboloTesting
import Testing

@testable import TomboloProgram

@Suite("Access to the queue", .timeLimit(.minutes(5)))
struct QueueAccessTests {
  @Test("What goes in through either access is the same operation, and both tell of it alike")
  func alike() async throws {
    try await AccessWorld.run { world in
      let operation = NewOperation(
        kind: "orders.create", payload: Array(#"{"b":1.10,"a":"ü"}"#.utf8), priority: .high, orderingKey: "user/7 & co",
        idempotencyKey: "once", notBefore: world.queue.time.now.advanced(by: .seconds(60)),
        headers: [OperationHeader(name: "Content-Type", value: "application/json")])
      let first = try await world.agent.enqueue(operation)
      let second = try await world.direct.enqueue(operation)
      #expect(first.id == second.id && first.repeated == nil && second.repeated == true)

      let id = try #require(OperationID(first.id))
      let (direct, agent) = (try await world.direct.operation(id), try await world.agent.operation(id))
      #expect(direct.json == agent.json)
      #expect(agent.payload == operation.payload)
      let filter = OperationFilter(state: .pending, kind: "orders.create", orderingKey: "user/7 & co")
      #expect(try await world.direct.operations(filter, limit: 5).found == [direct.operation])
      #expect(try await world.agent.operations(filter, limit: 5).found == [direct.operation])
      #expect(try await world.agent.operations(OperationFilter(orderingKey: "user/7"), limit: 5).found.isEmpty)
      let statuses = (try await world.direct.status(), try await world.agent.status())
      #expect(statuses.0.queue == statuses.1.queue)
      #expect(statuses.0.agent == nil && statuses.1.agent != nil)
    }
  }

  @Test("Bytes that are no JSON arrive as they are")
  func bytes() async throws {
    try await AccessWorld.run { world in
      let payload: [UInt8] = [0, 0xFF, 0x0A]
      for access in [world.agent, world.direct] as [any QueueAccess] {
        let receipt = try await access.enqueue(NewOperation(kind: "k", payload: payload))
        let id = try #require(OperationID(receipt.id))
        #expect(try await world.queue.snapshot(id)?.operation.payload == payload)
        #expect(try await access.operation(id).payload == payload)
      }
    }
  }

  @Test("A listing goes over as many pages as it takes, and stops at its limit")
  func pages() async throws {
    try await AccessWorld.run { world in
      let all = try await world.queue.enqueue((0..<1_005).map { NewOperation(kind: "k\($0)") })
      for access in [world.agent, world.direct] as [any QueueAccess] {
        let everything = try await access.operations(OperationFilter(), limit: .max)
        #expect(everything.found.map(\.id) == all.map(\.id.description))
        #expect(everything.cursor == nil)
        let some = try await access.operations(OperationFilter(), limit: 3)
        #expect(some.found.count == 3 && some.cursor != nil)
      }
    }
  }

  @Test("What is not there is said in the same words by both, and ends with 1")
  func missing() async throws {
    try await AccessWorld.run { world in
      let id = OperationID(high: 1, low: 2)
      for access in [world.agent, world.direct] as [any QueueAccess] {
        let calls: [@Sendable () async throws -> Void] = [
          { _ = try await access.operation(id) }, { _ = try await access.retry(id) },
          { _ = try await access.discard(id, reason: "a & b") },
        ]
        for call in calls {
          let error = await #expect(throws: (any Error).self) { try await call() }
          let report = ExitReport(try #require(error))
          #expect(report.status == 1)
          #expect(
            report.text == "tombolo: there is no operation \(id): it was never enqueued here, or it is settled and gone"
          )
        }
      }
    }
  }

  @Test("Discarding and retrying work through both")
  func settle() async throws {
    try await AccessWorld.run { world in
      for access in [world.agent, world.direct] as [any QueueAccess] {
        let receipt = try await access.enqueue(NewOperation(kind: "k"))
        let id = try #require(OperationID(receipt.id))
        #expect(try await access.retry(id).state == "pending")
        #expect(try await access.discard(id, reason: "no longer wanted").state == "discarded")
      }
      #expect(try await world.direct.status().queue.discarded == 2)
    }
  }

  @Test("A conflict that is not there is refused in the same words by both")
  func resolve() async throws {
    try await AccessWorld.run { world in
      for access in [world.agent, world.direct] as [any QueueAccess] {
        let id = try #require(OperationID(try await access.enqueue(NewOperation(kind: "k")).id))
        for choice in [ConflictChoice.local, .remote, .merged(Array("{}".utf8))] {
          let error = await #expect(throws: (any Error).self) { try await access.resolve(id, with: choice) }
          #expect(
            ExitReport(try #require(error)).text
              == "tombolo: operation \(id) is not parked for a conflict: retry or discard it instead of resolving it")
        }
      }
    }
  }

  @Test("What it waits for, whose it is and how durable it is to be go in through both alike")
  func further() async throws {
    try await AccessWorld.run { world in
      for access in [world.agent, world.direct] as [any QueueAccess] {
        let first = try #require(OperationID(try await access.enqueue(NewOperation(kind: "k")).id))
        let waiting = NewOperation(
          kind: "k", payload: Array("1".utf8), coalescingKey: "c", uniqueness: .append, namespace: "n",
          after: [.operation(first)], base: Array("{}".utf8))
        let id = try #require(OperationID(try await access.enqueue(waiting, durability: StoreDurability.none).id))
        let stored = try #require(try await world.queue.snapshot(id)).operation
        #expect(stored.after == [first] && stored.namespace == "n" && stored.base == waiting.base)
        #expect(try await access.enqueue(waiting).appended == id.description)
        #expect(try await access.operation(id).operation.awaiting == [first.description])
        let found = try await access.operations(OperationFilter(namespace: "n"), limit: 10).found
        #expect(found.contains { $0.id == id.description } && found.allSatisfy { $0.namespace == "n" })
        await #expect(throws: (any Error).self) { try await access.enqueue(NewOperation(kind: "k"), durability: .full) }
      }
      let id = try #require(
        try await world.direct.operations(OperationFilter(namespace: "n"), limit: 1).found.first?.id)
      let same = try #require(OperationID(id))
      #expect(try await world.direct.operation(same).json == world.agent.operation(same).json)
    }
  }

  @Test("Pauses and the history are told and changed through both alike")
  func pausesAndHistory() async throws {
    try await AccessWorld.run(history: .seconds(60)) { world in
      let id = try #require(OperationID(try await world.direct.enqueue(NewOperation(kind: "k")).id))
      for (access, other) in [(world.agent, world.direct), (world.direct, world.agent)]
        as [(any QueueAccess, any QueueAccess)]
      {
        for scope in [Pause.Scope.queue, .kind("k"), .orderingKey("user/7 & co", namespace: "n")] {
          let told = try await access.pause(scope, reason: "because")
          #expect(told.pauses.map(\.reason) == ["because"] && world.queue.pauses.map(\.scope) == [scope])
          #expect(try await other.pauses() == told)
          #expect(try await other.resume(scope).pauses.isEmpty)
        }
        #expect(try await access.settled(id) == nil)
      }
      try await world.queue.discard(id, reason: "no longer wanted")
      let filter = HistoryFilter(state: .discarded, kind: "k")
      for access in [world.agent, world.direct] as [any QueueAccess] {
        #expect(try await access.settled(id)?.detail == "no longer wanted")
        #expect(try await access.history(filter, limit: 5).operations.map(\.id) == [id.description])
        for other in [HistoryFilter(kind: "l"), HistoryFilter(state: .delivered)] {
          #expect(try await access.history(other, limit: 5).operations.isEmpty)
        }
        let error = await #expect(throws: (any Error).self) { try await access.edit(id, payload: [0x31]) }
        #expect(ExitReport(try #require(error)).text.contains("\(id)"))
      }
      let text = HistoryText(
        operations: try await world.direct.history(filter, limit: 5).operations, hasMore: false, isKept: true,
        clock: WallClock(now: world.queue.time.now))
      #expect("\(text)".contains("no longer wanted"))
    }
  }

  @Test("A dead operation gets another payload through both")
  func edit() async throws {
    try await AccessWorld.run { world in
      let handler = RecordingHandler()
      handler.setAnswer { _, _ in .reject(DeliveryFailure(.refused, "no")) }
      let id = try #require(OperationID(try await world.direct.enqueue(NewOperation(kind: "k")).id))
      try await SyncWorker(queue: world.queue, handler: handler).drain()
      for (access, payload) in [(world.agent, "[2]"), (world.direct, "[3]")] as [(any QueueAccess, String)] {
        try await access.edit(id, payload: Array(payload.utf8))
        #expect(try await world.queue.snapshot(id)?.operation.payload == Array(payload.utf8))
      }
    }
  }

  @Test("A token that is missing or wrong is said with the keys to set", arguments: [nil, "wrong"])
  func token(clientToken: String?) async throws {
    try await AccessWorld.run(token: "right", clientToken: clientToken) { world in
      let isThere = try await world.agent.isThere()
      #expect(isThere)
      let error = await #expect(throws: CommandError.self) { try await world.agent.status() }
      #expect(error?.message.contains("agent.token") == true)
    }
  }

  @Test(
    "Where nobody listens there is no agent, on a port as on a socket", arguments: ["127.0.0.1:1", "unix:/nope/x.sock"])
  func nobody(listen: String) async throws {
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: AgentClient.clientConfiguration)
    let agent = try AgentClient(client, configuration: AccessWorld.configuration(listen: listen))
    let isThere: Result<Bool, any Error>
    do { isThere = .success(try await agent.isThere()) } catch { isThere = .failure(error) }
    try await client.shutdown()
    #expect(try isThere.get() == false)
  }

  @Test("A store in memory takes nothing from a command that ends at once")
  func memory() async throws {
    try await AccessWorld.run { world in
      var configuration = try AccessWorld.configuration(listen: "127.0.0.1:1")
      configuration.storage.identifier.name = "memory"
      let registry = try StandardPlugins.registry()
      let storage = try await configuration.storageSettings.chosen(from: registry)
      let direct = DirectQueue(queue: world.queue, storage, registry)
      let error = await #expect(throws: CommandError.self) { try await direct.enqueue(NewOperation(kind: "k")) }
      #expect(error?.code == .failed)
      #expect(try await world.direct.status().queue.pending == 0)
    }
  }
}
