import Testing
import TomboloContainer

@Suite struct ContainerCloseTests {
  private func builder(_ journal: Journal, failing: Bool = false) -> ContainerBuilder {
    var builder = ContainerBuilder()
    builder.singleton(
      Agent.self, close: { _ in journal.note("close agent") },
      { (queue: Queue, clock: Clock) in
        if failing { throw Failure(text: "port taken") }
        return Agent(queue: queue, clock: clock)
      })
    builder.singleton(Clock.self, close: { _ in journal.note("close clock") }) { Clock() }
    builder.singleton(
      Queue.self,
      close: { _ in
        journal.note("close queue")
        throw Failure(text: "flush")
      }, Queue.init)
    builder.singleton(Database.self, close: { _ in journal.note("close database") }) { Database() }
    return builder
  }

  @Test("everything is closed in reverse order of creation, although one fails to")
  func reverseOrder() async throws {
    let journal = Journal()
    let container = try builder(journal).build()
    try await container.start()
    let error = await #expect(throws: ContainerError.self) { try await container.close() }
    #expect(journal.entries == ["close agent", "close clock", "close queue", "close database"])
    #expect(error?.code == .closeFailed)
    #expect(error?.closeFailures.map(\.key) == [DependencyKey(Queue.self)])
    try await container.close()
    #expect(journal.entries.count == 4)
  }

  @Test("when a later creation fails, what was made is closed, and both errors are told")
  func closesAfterFailure() async throws {
    let journal = Journal()
    let container = try builder(journal, failing: true).build()
    let error = await #expect(throws: ContainerError.self) { try await container.start() }
    #expect(journal.entries == ["close clock", "close queue", "close database"])
    #expect(error?.code == .creationFailed)
    #expect(error?.cause as? Failure == Failure(text: "port taken"))
    #expect(error?.closeFailures.count == 1)
    #expect(
      error?.description == "Agent could not be made: Failure(text: \"port taken\"); "
        + "closing Queue failed: Failure(text: \"flush\")")
  }

  @Test("when the task is cancelled while it starts, what was made is closed")
  func closesAfterCancellation() async throws {
    let journal = Journal()
    let isMaking = Gate()
    let never = Gate()
    var builder = ContainerBuilder()
    builder.singleton(
      Database.self,
      close: { _ in
        // What closes must not find itself cancelled.
        try Task.checkCancellation()
        journal.note("close database")
      }, { Database() })
    builder.singleton(Queue.self) { (database: Database) in
      isMaking.open()
      try await never.pass()
      return Queue(database: database)
    }
    let container = try builder.build()
    let task = Task { try await container.start() }
    try await isMaking.pass()
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(journal.entries == ["close database"])
  }

  @Test("run closes the container however its body ends", arguments: [true, false])
  func run(fails: Bool) async throws {
    let journal = Journal()
    var builder = ContainerBuilder()
    builder.singleton(Database.self, close: { _ in journal.note("close database") }) { Database() }
    let container = try builder.build()
    do {
      try await container.run { container in
        _ = try await container.resolve(Database.self)
        if fails { throw Failure(text: "body") }
      }
      #expect(!fails)
    } catch let error as Failure {
      #expect(error == Failure(text: "body"))
    }
    #expect(journal.entries == ["close database"])
  }

  @Test("when what follows the start fails, everything is closed again")
  func closesAfterBody() async throws {
    let journal = Journal()
    var builder = ContainerBuilder()
    builder.singleton(Database.self, close: { _ in journal.note("close database") }) { Database() }
    let container = try builder.build()
    await #expect(throws: Failure(text: "after")) {
      try await container.start { _ in throw Failure(text: "after") }
    }
    #expect(journal.entries == ["close database"])
  }

  @Test("a second close waits for the end of the first")
  func secondClose() async throws {
    let journal = Journal()
    let (isClosing, gate) = (Gate(), Gate())
    var builder = ContainerBuilder()
    builder.singleton(
      Database.self,
      close: { _ in
        isClosing.open()
        try await gate.pass()
        journal.note("close database")
      }, { Database() })
    let container = try builder.build()
    try await container.start()
    async let first: Void = container.close()
    try await isClosing.pass()
    let second = Task {
      journal.note("second close")
      try await container.close()
      journal.note("second close ended")
    }
    while journal.entries.isEmpty { await Task.yield() }
    gate.open()
    try await first
    try await second.value
    #expect(journal.entries == ["second close", "close database", "second close ended"])
  }

  @Test("a container that is closed hands out nothing, transients neither; an ended scope nothing of its own")
  func closed() async throws {
    var builder = ContainerBuilder()
    builder.transient(Clock.self) { Clock() }
    builder.scoped(Database.self) { Database() }
    let container = try builder.build()
    let scope = try await container.withScope { scope in
      _ = try await scope.resolve(Database.self)
      return scope
    }
    let ended = await #expect(throws: ContainerError.self) { try await scope.resolve(Database.self) }
    #expect(ended?.code == .closed)
    #expect(ended?.message == "the scope is closed: nothing can be made any more")
    try await container.close()
    let closed = await #expect(throws: ContainerError.self) { try await container.resolve(Clock.self) }
    #expect(closed?.code == .closed)
    #expect(closed?.message == "the container is closed: nothing can be made any more")
  }

  @Test("what is never made is not made for a cancelled task; what is made is handed out to it")
  func cancelledTask() async throws {
    var builder = ContainerBuilder()
    builder.singleton(Database.self) { Database() }
    builder.value(Clock())
    let container = try builder.build()
    _ = try await container.resolve(Database.self)
    let gate = Gate()
    let task = Task {
      // Ends when the task is cancelled.
      await #expect(throws: CancellationError.self) { try await gate.pass() }
      _ = try await container.resolve(Database.self)
      await #expect(throws: CancellationError.self) { try await container.resolve(Clock.self) }
    }
    task.cancel()
    try await task.value
  }

  @Test("what was never made is not closed")
  func neverMade() async throws {
    let journal = Journal()
    let container = try builder(journal).build()
    _ = try await container.resolve(Clock.self)
    try await container.close()
    #expect(journal.entries == ["close clock"])
  }
}
