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
    builder.singleton(Database.self, close: { _ in journal.note("close database") }) { Database() }
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

  @Test("what was never made is not closed")
  func neverMade() async throws {
    let journal = Journal()
    let container = try builder(journal).build()
    _ = try await container.resolve(Clock.self)
    try await container.close()
    #expect(journal.entries == ["close clock"])
  }
}
