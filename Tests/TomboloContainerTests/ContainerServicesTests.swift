import Testing
import TomboloContainer

/// What a service group would run.
private protocol Runnable: Sendable { var name: String { get } }
private struct Listener: Runnable { var name = "listener" }
private struct Watcher: Runnable { var name = "watcher" }
private struct Worker: Runnable { var name = "worker" }

@Suite struct ContainerServicesTests {
  @Test("services come after what they need, whatever the order of their registration")
  func dependencyOrder() async throws {
    var builder = ContainerBuilder()
    builder.singleton(Listener.self) { (_: Worker) in Listener() }
    builder.singleton(Worker.self) { (_: Watcher, _: Database) in Worker() }
    builder.value(Database())
    builder.singleton(Watcher.self) { Watcher() }
    let container = try builder.build()
    let services = try await container.singletons(thatAre: (any Runnable).self)
    #expect(services.map(\.name) == ["watcher", "worker", "listener"])
  }

  @Test("the same instances are handed out that others get, and what is no singleton is left out")
  func sameInstances() async throws {
    let made = Counter()
    var builder = ContainerBuilder()
    builder.singleton(Watcher.self) { Watcher(name: "watcher \(made.increment())") }
    builder.transient(Worker.self) { Worker() }
    let container = try builder.build()
    #expect(try await container.resolve(Watcher.self).name == "watcher 1")
    #expect(try await container.singletons(thatAre: (any Runnable).self).map(\.name) == ["watcher 1"])
  }

  @Test("the order of start keeps every part behind what it needs, `All` included")
  func startOrder() {
    var builder = ContainerBuilder()
    builder.singleton(Queue.self) { (all: All<Database>) in Queue(database: all.values.first ?? Database()) }
    builder.value(Database(), named: Primary.self)
    builder.value(Database(), named: Replica.self)
    #expect(
      builder.graph.startOrder == [
        DependencyKey(Database.self, named: Primary.self), DependencyKey(Database.self, named: Replica.self),
        DependencyKey(Queue.self),
      ])
  }
}
