import Testing
import TomboloContainer

@Suite struct ContainerBuilderTests {
  @Test("every problem is reported at once, and nothing is made")
  func everyProblem() {
    let journal = Journal()
    let problems = buildProblems { builder in
      builder.singleton(Queue.self) { (database: Database) in
        journal.note("made")
        return Queue(database: database)
      }
      builder.singleton(Clock.self) { Clock() }
      builder.singleton(Clock.self) { Clock() }
      builder.override(Agent.self) { (queue: Queue, clock: Clock) in Agent(queue: queue, clock: clock) }
    }
    #expect(problems.map(\.code) == [.duplicate, .missing, .overridesNothing])
    #expect(journal.entries.isEmpty)
  }

  @Test("a missing part names who needs it, where, and the line to add")
  func missing() throws {
    let problems = buildProblems { builder in
      builder.singleton(Queue.self, fileID: "App/Parts.swift", line: 7, Queue.init)
    }
    #expect(
      problems.map(\.message) == [
        "Queue (App/Parts.swift:7) needs Database, which nobody registered: add `builder.singleton(Database.self) { … }`"
      ])
  }

  @Test("a missing part that exists under a name says how to ask for that name")
  func missingVariant() {
    let problems = buildProblems { builder in
      builder.singleton(Database.self, named: Primary.self) { Database() }
      builder.singleton(Queue.self, Queue.init)
    }
    #expect(problems.count == 1)
    #expect(problems.first?.message.contains("ask for `Named<Primary, Database>`") == true)
  }

  @Test("a circle is reported as a path that begins and ends with the same part")
  func cycle() {
    struct A: Sendable {}
    struct B: Sendable {}
    struct C: Sendable {}
    let problems = buildProblems { builder in
      builder.singleton(A.self) { (_: B) in A() }
      builder.singleton(B.self) { (_: C) in B() }
      builder.singleton(C.self) { (_: A) in C() }
    }
    #expect(problems.map(\.code) == [.cycle])
    #expect(problems.first?.message.hasPrefix("A → B → C → A is a circle") == true)
  }

  @Test("a part that needs itself, also through all of its type, is a circle")
  func selfCycle() {
    let problems = buildProblems { builder in
      builder.singleton(Database.self) { (others: All<Database>) in Database(name: "\(others.values.count)") }
    }
    #expect(problems.map(\.path) == [[DependencyKey(Database.self), DependencyKey(Database.self)]])
  }

  @Test("two separate circles are two problems")
  func twoCycles() {
    let problems = buildProblems { builder in
      builder.singleton(Clock.self) { (_: Clock) in Clock() }
      builder.singleton(Database.self) { (_: Database) in Database() }
    }
    #expect(problems.map(\.code) == [.cycle, .cycle])
  }

  @Test("a singleton that keeps something scoped is refused, also through a transient")
  func captive() {
    let problems = buildProblems { builder in
      builder.scoped(Database.self) { Database() }
      builder.transient(Queue.self, Queue.init)
      builder.value(Clock())
      builder.singleton(Agent.self, Agent.init)
    }
    #expect(problems.map(\.code) == [.captive])
    #expect(problems.first?.message.hasPrefix("Agent → Queue → Database: the singleton Agent would keep") == true)
  }

  @Test("a transient or a scoped part may need something scoped")
  func notCaptive() {
    let problems = buildProblems { builder in
      builder.scoped(Database.self) { Database() }
      builder.transient(Queue.self, Queue.init)
    }
    #expect(problems.isEmpty)
  }

  @Test("a duplicate names both places and the module")
  func duplicate() {
    let problems = buildProblems { builder in
      builder.value(Clock(), fileID: "App/One.swift", line: 1)
      builder.install(
        ContainerModule("time") { builder in builder.value(Clock(), fileID: "App/Two.swift", line: 2) })
    }
    #expect(problems.first?.message.contains("(App/One.swift:1; App/Two.swift:2, module time)") == true)
  }

  @Test("the error counts its problems and lists each")
  func errorText() {
    var builder = ContainerBuilder()
    builder.singleton(Agent.self, fileID: "App/Parts.swift", line: 7, Agent.init)
    let error = #expect(throws: ContainerBuildError.self) { try builder.build() }
    #expect(
      error?.description == """
        2 problems in the container:
        - Agent (App/Parts.swift:7) needs Queue, which nobody registered: add `builder.singleton(Queue.self) { … }`
        - Agent (App/Parts.swift:7) needs Clock, which nobody registered: add `builder.singleton(Clock.self) { … }`
        """)
  }

  @Test("the graph prints as text and as DOT, unmade")
  func graph() {
    var builder = ContainerBuilder()
    builder.value(Clock())
    builder.scoped(Database.self, named: Primary.self) { Database() }
    builder.transient(Queue.self) { (database: Named<Primary, Database>) in Queue(database: database.value) }
    #expect(
      builder.graph.text == """
        Clock (singleton)
        Database named Primary (scoped)
        Queue (transient)
          needs Database named Primary
        """)
    #expect(
      builder.graph.dot == """
        digraph container {
          node [shape=box];
          "Clock" [style=solid];
          "Database named Primary" [style=dashed];
          "Queue" [style=dotted];
          "Queue" -> "Database named Primary";
        }
        """)
  }
}
