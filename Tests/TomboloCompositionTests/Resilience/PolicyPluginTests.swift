import Logging
import Testing
import TomboloContainer
import TomboloPorts
import TomboloResilience

@testable import TomboloComposition

/// A policy of somebody else's: it lets nothing through on the days it is told.
private struct Closed: ResiliencePolicy, SequentialPolicy {
  var name: String
  var environment: ResilienceEnvironment?
  var summaries: [PolicySummary] { [PolicySummary(.other, name), PolicySummary(.other, "closed")] }

  func bind(to environment: ResilienceEnvironment, pipeline: String) -> Closed {
    Closed(name: name, environment: environment)
  }

  func run<T>(
    _ attempt: ResilienceAttempt, isolation: isolated (any Actor)?, _ body: (ResilienceAttempt) async throws -> T
  ) async throws -> T {
    environment?.tell(.refused(.rateLimited), policy: name, pipeline: "upstream")
    throw ResilienceError(.rateLimited, "closed today", retryAfter: .seconds(60))
  }
}

private enum ClosedPlugin: ResiliencePolicyPlugin {
  static let identifier = PluginIdentifier(.resilience, "closed")
  static let summary = "Is closed."
  static let options = [
    OptionDeclaration("name", .string, help: "Of the door."),
    OptionDeclaration("days", .integer(1...7), isRequired: true, help: "How many."),
    OptionDeclaration("code", .string, isSecret: true, help: "Opens it."),
  ]

  static func problems(in options: PluginOptions) -> [PluginOptionError] {
    problems(from: [
      { if try options.integer("days") == 7 { throw PluginOptionError("is never open: give it fewer days") } }
    ])
  }

  static func policy(_ options: PluginOptions, list: String) throws -> DeliveryPolicy {
    if try options.integer("days") == 6 { throw PluginOptionError("six days cannot be had") }
    return .call(Closed(name: try options.stringIfPresent("name") ?? list))
  }
}

@Suite("Policies around deliveries are plugins like any other part")
struct PolicyPluginTests {
  private let registry: PluginRegistry

  init() throws {
    var registry = try PluginRegistry.withBuiltIns()
    try registry.register(FailingDelivery.self)
    try registry.register(ClosedPlugin.self)
    self.registry = registry
  }

  private func load(_ policies: String) throws(ConfigurationError) -> Configuration {
    try ConfigurationLoader(registry: registry).load(
      file: "t.yaml",
      text: "storage: { type: memory }\ndelivery: { type: failing }\nresilience:\n  upstream: \(policies)\n")
  }

  private func problems(_ policies: String) throws -> String {
    let error = #expect(throws: ConfigurationError.self) { try load(policies) }
    return error?.description ?? ""
  }

  @Test("a stranger's policy stands in a list beside the standard ones, and holds operations back")
  func holdsBack() async throws {
    let configuration = try load("[{ type: circuitBreaker }, { type: closed, days: 2, name: door }]")
    let system = try TomboloSystem(
      configuration, registry: registry, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let parts = try await system.start()
    let live = try await system.container.resolve(LiveParts.self)
    let operation = SyncOperation(
      id: OperationID(high: 1, low: 1), kind: "test", enqueuedAt: Timestamp(millisecondsSinceEpoch: 0))
    let outcome = try await live.use { try await $0.handler.deliver(operation, attempt: DeliveryAttempt(number: 1)) }
    guard case .suspend(let rest, let failure)? = outcome else {
      Issue.record("\(String(describing: outcome))")
      return
    }
    #expect(rest == .seconds(60))
    #expect(failure == DeliveryFailure(.heldBack, "not sent: the rate limit is reached"))
    let report = try #require(parts.policies?.reports().last)
    #expect(report.type == "closed")
    #expect(report.name == "door")
    #expect(report.settings == "door, closed")
    #expect(report.refused == 1)
    try await system.close()
  }

  @Test("its options are checked, its own objections told, its secrets hidden")
  func options() throws {
    #expect(try problems("[{ type: closed }]").contains("t.yaml:4:14: resilience.upstream[0].days: is missing"))
    #expect(
      try problems("[{ type: closed, days: 2, dys: 3 }]").contains(
        "resilience.upstream[0].dys: no such key; did you mean \"days\"? Keys here: code, days, name, type"))
    #expect(try problems("[{ type: closed, days: 7 }]").contains("resilience.upstream[0]: is never open"))
    #expect(try problems("[{ type: closed, days: 6 }]").contains("resilience.upstream[0]: six days cannot be had"))
    #expect(
      try problems("[{ type: closed, days: 1 }, { type: closed, days: 2 }]").contains(
        "resilience.upstream[1].name: another closed of this list has this name"))
    #expect(
      try problems("[{ type: closed, days: 1, name: a b }]").contains("resilience.upstream[0].name: \"a b\" is no name")
    )
    let text = try load("[{ type: closed, days: 2, code: hunter2 }, { type: attemptTimeout, limit: 1s }]").text
    #expect(text.contains("{type: closed, days: 2, code: ******}, {type: attemptTimeout, limit: 1s}"))
    #expect(!text.contains("hunter2"))
  }

  @Test("a slip in its name lists what is compiled in and tells how to add one")
  func slip() throws {
    let text = try problems("[{ type: cloesd, days: 2 }]")
    #expect(
      text.contains("resilience.upstream[0].type: no plugin resilience.cloesd is compiled in; did you mean \"closed\"?")
    )
    #expect(text.contains("resilience.circuitBreaker, resilience.closed, "))
    #expect(text.contains("AgentProgram.run { registry in"))
  }

  @Test("the order is judged with its policies in between")
  func order() throws {
    let text = try problems("[{ type: closed, days: 1 }, { type: attemptTimeout, limit: 1s }, { type: retry }]")
    #expect(text.contains("resilience.upstream[1]: does harm in this order: AttemptTimeout stands around Retry"))
    #expect(
      try problems("[{ type: closed, days: 1 }, { type: retryBudget }]").contains(
        "resilience.upstream[1]: retryBudget counts the attempts of operations"))
  }

  @Test("its options are in the reference and in the schema")
  func reference() throws {
    let reference = ConfigurationReference(registry: registry)
    #expect(reference.itemKeys.map(\.path).contains("resilience.NAME[].days"))
    #expect(!reference.keys.map(\.path).contains { $0.contains("[]") })
    #expect(reference.markdown.contains("### `resilience.NAME[]` with `type: closed`\n\nIs closed. (preview)"))
    #expect(try reference.jsonSchema().contains("\"closed\""))
  }

  @Test("a plugin of this kind makes policies, and no other does")
  func kinds() throws {
    enum Impostor: FakePlugins.Fake {
      static let identifier = PluginIdentifier(.resilience, "impostor")
      static let summary = ""
      static let options: [OptionDeclaration] = []
    }
    enum Stray: ResiliencePolicyPlugin {
      static let identifier = PluginIdentifier(.probe, "stray")
      static let summary = ""
      static let options: [OptionDeclaration] = []
      static func policy(_ options: PluginOptions, list: String) -> DeliveryPolicy { .call(NoPolicy()) }
    }
    var registry = PluginRegistry()
    for error in [
      #expect(throws: PluginRegistryError.self) { try registry.register(Impostor.self) },
      #expect(throws: PluginRegistryError.self) { try registry.register(Stray.self) },
    ] {
      #expect(error?.message.contains("a resilience plugin, and no other, is a ResiliencePolicyPlugin") == true)
    }
  }
}
