import Testing
import TomboloContainer

@Suite struct ContainerConcurrencyTests {
  @Test("many tasks that ask at once get one instance", arguments: [2, 64])
  func oneCreation(taskCount: Int) async throws {
    let gate = Gate()
    let made = Counter()
    let started = Counter()
    var builder = ContainerBuilder()
    builder.singleton(Database.self) {
      let number = made.increment()
      try await gate.pass()
      return Database(name: "\(number)")
    }
    let container = try builder.build()
    let names = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<taskCount {
        group.addTask {
          if started.increment() == taskCount { gate.open() }
          return try await container.resolve(Database.self).name
        }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(names == ["1"])
    #expect(made.value == 1)
  }

  @Test("when the task that makes it is cancelled, one of those who wait makes it")
  func cancelledMaker() async throws {
    let gate = Gate()
    let isMaking = Gate()
    let made = Counter()
    var builder = ContainerBuilder()
    builder.singleton(Database.self) {
      let number = made.increment()
      isMaking.open()
      if number == 1 { try await gate.pass() }
      return Database(name: "\(number)")
    }
    let container = try builder.build()
    let maker = Task { try await container.resolve(Database.self) }
    try await isMaking.pass()
    async let waiter = container.resolve(Database.self)
    maker.cancel()
    await #expect(throws: CancellationError.self) { try await maker.value }
    #expect(try await waiter.name == "2")
  }

  @Test("one who waits can be cancelled while the maker goes on")
  func cancelledWaiter() async throws {
    let gate = Gate()
    let isMaking = Gate()
    var builder = ContainerBuilder()
    builder.singleton(Database.self) {
      isMaking.open()
      try await gate.pass()
      return Database()
    }
    let container = try builder.build()
    async let maker = container.resolve(Database.self)
    try await isMaking.pass()
    let waiter = Task { try await container.resolve(Database.self) }
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    gate.open()
    #expect(try await maker == Database())
  }

  @Test("closing waits for a creation under way and closes what it made")
  func closeWaits() async throws {
    let gate = Gate()
    let isMaking = Gate()
    let journal = Journal()
    var builder = ContainerBuilder()
    builder.singleton(Database.self, close: { _ in journal.note("closed") }) {
      isMaking.open()
      try await gate.pass()
      journal.note("made")
      return Database()
    }
    let container = try builder.build()
    async let maker = container.resolve(Database.self)
    try await isMaking.pass()
    async let closing: Void = container.close()
    gate.open()
    try await closing
    _ = try await maker
    #expect(journal.entries == ["made", "closed"])
    let error = await #expect(throws: ContainerError.self) { try await container.resolve(Database.self) }
    #expect(error?.code == .closed)
  }
}
