import Testing
import TomboloContainer

/// One of as many types as one likes: `Part<Part<Part<End>>>`.
private struct Part<Needed: Sendable>: Sendable {}
private struct End: Sendable {}

/// A container of two hundred parts, each of which needs the one before it and, every tenth, a shared one.
@Suite struct ContainerSizeTests {
  private static let partCount = 200

  /// Adds `Part<Needed>` and those above it; each level is a type of its own.
  private static func add<Needed: Sendable>(
    _ needed: Needed.Type, _ left: Int, to builder: inout ContainerBuilder
  ) {
    guard left > 0 else { return }
    if left % 10 == 0 {
      builder.singleton(Part<Needed>.self) { (_: Needed, _: Clock) in Part<Needed>() }
    } else {
      builder.singleton(Part<Needed>.self) { (_: Needed) in Part<Needed>() }
    }
    add(Part<Needed>.self, left - 1, to: &builder)
  }

  private static func builder() -> ContainerBuilder {
    var builder = ContainerBuilder()
    builder.value(Clock())
    builder.singleton(End.self) { End() }
    add(End.self, partCount - 2, to: &builder)
    return builder
  }

  @Test("two hundred registrations are checked in well under a second, and all of them can be made")
  func twoHundred() async throws {
    let clock = ContinuousClock()
    var made = ContainerBuilder()
    let registering = clock.measure { made = Self.builder() }
    var container: Container?
    // The quickest of a few counts: what else the machine does may hold up any of them, and a check that is slow is slow each time.
    let limit = Duration.seconds(1)
    var checking = Duration.seconds(3_600)
    for _ in 1...10 where checking >= limit {
      checking = min(checking, try clock.measure { container = try made.build() })
    }
    let built = try #require(container)
    #expect(built.graph.nodes.count == Self.partCount)
    let starting = try await clock.measure { try await built.start() }
    try await built.close()
    print("200 registrations: registered in \(registering), checked in \(checking), made in \(starting)")
    // Generous, for a debug build. What is to be caught is a check that walks every path; one that is merely quadratic passes.
    #expect(checking < limit)
  }

  @Test("every one of two hundred missing dependencies is reported at once")
  func everyMissing() {
    let problems = buildProblems { builder in
      for line in 1...200 {
        builder.transient(
          Queue.self, named: line == 1 ? nil : Primary.self, fileID: "App.swift", line: line, Queue.init)
      }
    }
    #expect(problems.filter { $0.code == .missing }.count == 200)
    #expect(problems.contains { $0.code == .duplicate && $0.message.contains("199 times") })
  }
}
