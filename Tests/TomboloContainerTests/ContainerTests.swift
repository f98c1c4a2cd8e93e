import Testing
import TomboloContainer

@Suite struct ContainerTests {
  @Test("a singleton is made once, with what its parameters ask for")
  func singleton() async throws {
    let journal = Journal()
    var builder = ContainerBuilder()
    builder.singleton(Database.self) {
      journal.note("database")
      return Database()
    }
    builder.singleton(Queue.self, Queue.init)
    builder.value(Clock())
    builder.transient(Agent.self, Agent.init)
    let container = try builder.build()
    let agent = try await container.resolve(Agent.self)
    _ = try await container.resolve(Queue.self)
    #expect(agent.queue.database == Database())
    #expect(journal.entries == ["database"])
  }

  @Test("a transient is made for whoever asks")
  func transient() async throws {
    let journal = Journal()
    var builder = ContainerBuilder()
    builder.transient(Clock.self) {
      journal.note("clock")
      return Clock()
    }
    let container = try builder.build()
    _ = try await container.resolve(Clock.self)
    _ = try await container.resolve(Clock.self)
    #expect(journal.entries.count == 2)
  }

  @Test("variants are told apart by name, and all of them come in the order of registration")
  func variants() async throws {
    struct Report: Sendable { var names: [String] }
    var builder = ContainerBuilder()
    builder.value(Database(name: "replica"), named: Replica.self)
    builder.value(Database(name: "primary"), named: Primary.self)
    builder.singleton(Report.self) { (all: All<Database>, primary: Named<Primary, Database>) in
      Report(names: all.values.map(\.name) + [primary.value.name])
    }
    let container = try builder.build()
    #expect(try await container.resolve(Report.self).names == ["replica", "primary", "primary"])
    #expect(try await container.resolve(Database.self, named: Replica.self).name == "replica")
    #expect(try await container.all(of: Clock.self).isEmpty)
  }

  @Test("in a scope, all variants are the scope's own and the container's, in the order of registration")
  func variantsInScope() async throws {
    var builder = ContainerBuilder()
    builder.scoped(Database.self, named: Replica.self) { Database(name: "replica") }
    builder.value(Database(name: "primary"), named: Primary.self)
    let container = try builder.build()
    let names = try await container.withScope { try await $0.all(of: Database.self).map(\.name) }
    #expect(names == ["replica", "primary"])
  }

  @Test("an existential is registered and found like any other type")
  func existential() async throws {
    var builder = ContainerBuilder()
    builder.singleton((any Error).self) { Failure(text: "as an existential") }
    let container = try builder.build()
    #expect(try await container.resolve((any Error).self) as? Failure == Failure(text: "as an existential"))
  }

  @Test("an override stands in for a factory and keeps its lifetime")
  func override() async throws {
    var builder = ContainerBuilder()
    builder.scoped(Database.self) { Database(name: "real") }
    builder.override(Database.self) { Database(name: "fake") }
    let container = try builder.build()
    #expect(try await container.withScope { try await $0.resolve(Database.self).name } == "fake")
    await #expect(throws: ContainerError.self) { try await container.resolve(Database.self) }
  }

  @Test("each scope has its own instance, closed when it ends, and shares the singletons")
  func scopes() async throws {
    let journal = Journal()
    var builder = ContainerBuilder()
    builder.singleton(Database.self, close: { _ in journal.note("close database") }) {
      journal.note("open database")
      return Database()
    }
    builder.scoped(Queue.self, close: { _ in journal.note("close queue") }) { (database: Database) in
      journal.note("open queue")
      return Queue(database: database)
    }
    let container = try builder.build()
    for _ in 1...2 {
      try await container.withScope { scope in
        _ = try await scope.resolve(Queue.self)
        _ = try await scope.resolve(Queue.self)
      }
    }
    try await container.close()
    #expect(
      journal.entries == [
        "open database", "open queue", "close queue", "open queue", "close queue", "close database",
      ])
  }

  @Test("asking a container for something scoped says where to ask")
  func needsScope() async throws {
    var builder = ContainerBuilder()
    builder.scoped(Database.self) { Database() }
    builder.transient(Queue.self, Queue.init)
    let container = try builder.build()
    let error = await #expect(throws: ContainerError.self) { try await container.resolve(Queue.self) }
    #expect(error?.code == .needsScope)
    #expect(error?.message == "Queue → Database lives in a scope: ask for it inside `container.withScope`")
  }

  @Test("asking for what is not registered names the line to add")
  func notRegistered() async throws {
    let container = try ContainerBuilder().build()
    let error = await #expect(throws: ContainerError.self) {
      try await container.resolve(Database.self, named: Primary.self)
    }
    #expect(error?.code == .notRegistered)
    #expect(error?.message.contains("builder.singleton(Database.self, named: Primary.self)") == true)
  }

  @Test("a failure names the path, keeps the cause, and the next request tries anew")
  func failureIsNotKept() async throws {
    let journal = Journal()
    var builder = ContainerBuilder()
    builder.singleton(Database.self) {
      journal.note("try")
      if journal.entries.count == 1 { throw Failure(text: "disk") }
      return Database()
    }
    builder.singleton(Queue.self, Queue.init)
    let container = try builder.build()
    let error = await #expect(throws: ContainerError.self) { try await container.resolve(Queue.self) }
    #expect(error?.code == .creationFailed)
    #expect(error?.cause as? Failure == Failure(text: "disk"))
    #expect(error?.message == "Queue → Database could not be made")
    _ = try await container.resolve(Queue.self)
    #expect(journal.entries.count == 2)
  }
}
