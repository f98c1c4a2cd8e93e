import Testing
import TomboloContainer

/// The three mistakes that are made most often, each told in full: what, where, and how to put it right.
@Suite struct ContainerErrorTextTests {
  private struct Account: Sendable {}
  private struct Ledger: Sendable {}
  private struct Mailer: Sendable {}
  private struct Report: Sendable {}

  @Test("a missing dependency: who needs it, where that is registered, the line to add")
  func missing() {
    let problems = buildProblems { builder in
      builder.singleton(Queue.self, fileID: "App/Parts.swift", line: 7, Queue.init)
    }
    #expect(
      problems.map(\.message) == [
        "Queue (App/Parts.swift:7) needs Database, which nobody registered: add `builder.singleton(Database.self) { … }`"
      ])
  }

  @Test("a cycle of four: the whole way round, and the two ways out")
  func cycleOfFour() {
    let problems = buildProblems { builder in
      builder.singleton(Account.self) { (_: Ledger) in Account() }
      builder.singleton(Ledger.self) { (_: Mailer) in Ledger() }
      builder.singleton(Mailer.self) { (_: Report) in Mailer() }
      builder.singleton(Report.self) { (_: Account) in Report() }
    }
    #expect(problems.map(\.code) == [.cycle])
    #expect(
      problems.map(\.message) == [
        "Account → Ledger → Mailer → Report → Account is a circle, so none of them can be made first: let one of them "
          + "get the other after both are made, or split off what both need"
      ])
  }

  @Test("a scope violation: the path on which it happens, and the lifetimes that would fit")
  func scopeViolation() {
    let problems = buildProblems { builder in
      builder.scoped(Database.self) { Database() }
      builder.singleton(Queue.self, Queue.init)
    }
    #expect(problems.map(\.code) == [.captive])
    #expect(
      problems.map(\.message) == [
        "Queue → Database: the singleton Queue would keep Database, which ends with its scope: register Queue as scoped, "
          + "or Database as singleton"
      ])
  }
}
