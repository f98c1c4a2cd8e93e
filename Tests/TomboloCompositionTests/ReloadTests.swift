import Foundation
import Logging
import Synchronization
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloQueue

@testable import TomboloComposition

/// A delivery that is held at a gate, so that a reload can happen in the middle of one.
enum GatedDelivery: DeliveryPlugin {
  static let identifier = PluginIdentifier(.delivery, "gated")
  static let summary = "Waits for a test."
  static let options = [
    OptionDeclaration("name", .string, isRequired: true, help: "Which one it is."),
    OptionDeclaration("refuses", .boolean, default: .boolean(false), help: "Whether it cannot be made."),
    OptionDeclaration("waits", .boolean, default: .boolean(false), help: "Whether making it waits for the test."),
  ]

  /// What happened, and who waits; one for each test.
  final class World: Sendable {
    private let state = Mutex((entries: [String](), waiting: [CheckedContinuation<Void, Never>]()))
    private let (stream, continuation) = AsyncStream.makeStream(of: String.self)

    var entries: [String] { state.withLock { $0.entries } }

    func note(_ entry: String) {
      state.withLock { $0.entries.append(entry) }
      continuation.yield(entry)
    }

    /// Notes `entry` and waits to be let go: whoever has heard of the entry finds somebody who waits.
    func wait(noting entry: String) async {
      await withCheckedContinuation { more in
        state.withLock { state in
          state.waiting.append(more)
          state.entries.append(entry)
        }
        continuation.yield(entry)
      }
    }

    /// Lets go whoever waits; answers whether there was anybody.
    @discardableResult
    func release() -> Bool {
      let waiting = state.withLock { state in
        defer { state.waiting = [] }
        return state.waiting
      }
      for one in waiting { one.resume() }
      return !waiting.isEmpty
    }

    /// Returns once `entry` was noted, from the last call on.
    func until(_ entry: String) async { for await next in stream where next == entry { return } }
  }

  @TaskLocal static var world = World()

  struct Handler: OperationHandler, Closable {
    var name: String
    var world: World
    var upstream: String { name }

    func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async -> DeliveryOutcome {
      let beginning = "\(name) begins \(operation.kind)"
      if operation.kind == "held" { await world.wait(noting: beginning) } else { world.note(beginning) }
      world.note("\(name) ends \(operation.kind)")
      return .delivered
    }

    func close() async throws { world.note("\(name) closed") }
  }

  static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any OperationHandler {
    guard try !options.boolean("refuses") else { throw PluginOptionError("delivery: it cannot be made") }
    let name = try options.string("name")
    if try options.boolean("waits") {
      await world.wait(noting: "\(name) is being made")
    }
    return Handler(name: name, world: world)
  }
}

@Suite struct ReloadTests {
  private static func registry() throws -> PluginRegistry {
    var registry = try PluginRegistry.withBuiltIns()
    try registry.register(GatedDelivery.self)
    return registry
  }

  private static func configuration(_ overrides: String...) throws -> Configuration {
    let fixed = ["storage={type: memory}", "delivery={type: gated, name: one}"]
    return try ConfigurationLoader(registry: try registry()).load(overrides: fixed + overrides)
  }

  /// Runs `body` beside a running worker, in a world of its own.
  private static func running(
    _ overrides: String...,
    body: @Sendable (TomboloSystem, TomboloSystem.Parts, GatedDelivery.World) async throws -> Void
  ) async throws {
    let world = GatedDelivery.World()
    try await GatedDelivery.$world.withValue(world) {
      let fixed = ["storage={type: memory}", "delivery={type: gated, name: one}"]
      let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let registry = try registry()
      let system = try TomboloSystem(
        try ConfigurationLoader(registry: registry).load(overrides: fixed + overrides), registry: registry,
        logger: quiet)
      let parts = try await system.start()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await parts.worker.run() }
        do {
          try await body(system, parts, world)
        } catch {
          world.release()
          group.cancelAll()
          try await system.close()
          throw error
        }
        world.release()
        group.cancelAll()
      }
      try await system.close()
    }
  }

  @Test(
    "a delivery under way ends with what it began with, the next one begins with the new; then the old one is closed")
  func live() async throws {
    try await Self.running { system, parts, world in
      try await parts.queue.enqueue(NewOperation(kind: "held", priority: .critical))
      await world.until("one begins held")
      let report = try await system.reload(
        Self.configuration("delivery={type: gated, name: two}", "queue.concurrency=3"))
      #expect(report == ReloadReport(changed: ["queue.concurrency", "delivery.name"], needsRestart: []))
      #expect(!world.entries.contains("one closed"))
      try await parts.queue.enqueue(NewOperation(kind: "free", priority: .critical))
      await world.until("two ends free")
      world.release()
      await world.until("one closed")
      #expect(
        world.entries == [
          "one begins held", "two begins free", "two ends free", "one ends held", "one closed",
        ])
      #expect(parts.queue.configuration.concurrency == 3)
      #expect(system.configuration.queue.concurrency == 3)
    }
  }

  @Test("when a part of the new configuration cannot be made, the old one goes on untouched")
  func allOrNothing() async throws {
    try await Self.running { system, parts, world in
      let error = await #expect(throws: PluginOptionError.self) {
        try await system.reload(
          Self.configuration("delivery={type: gated, name: two, refuses: true}", "queue.concurrency=3"))
      }
      #expect(error?.message == "delivery: it cannot be made")
      #expect(parts.queue.configuration.concurrency == 16)
      #expect(system.configuration.queue.concurrency == 16)
      try await parts.queue.enqueue(NewOperation(kind: "free"))
      await world.until("one ends free")
      #expect(!world.entries.contains { $0.hasSuffix("closed") })
    }
  }

  @Test("a reload whose task is cancelled has happened, or has left nothing behind", arguments: [true, false])
  func cancelled(whileMaking: Bool) async throws {
    try await Self.running { system, parts, world in
      let next = try Self.configuration(
        "delivery={type: gated, name: two, waits: \(whileMaking)}", "queue.concurrency=3")
      let reload = Task { try await system.reload(next) }
      if whileMaking { await world.until("two is being made") }
      reload.cancel()
      if whileMaking { #expect(world.release()) }
      let isNew: Bool
      do {
        _ = try await reload.value
        isNew = true
      } catch is CancellationError {
        isNew = false
      }
      #expect(parts.queue.configuration.concurrency == (isNew ? 3 : 16))
      #expect(system.configuration.queue.concurrency == (isNew ? 3 : 16))
      if isNew { #expect(!world.entries.contains("two closed")) }
      // Making it had not ended, so there was time to stop.
      if whileMaking { #expect(!isNew && world.entries.contains("two closed")) }
      try await parts.queue.enqueue(NewOperation(kind: "free"))
      await world.until("\(isNew ? "two" : "one") ends free")
    }
  }

  @Test("the keys keep their order over a reload, those that keep their value too")
  func order() async throws {
    try await Self.running { system, _, _ in
      let before = system.configuration.entries.map(\.path)
      _ = try await system.reload(Self.configuration("agent.listen=127.0.0.1:9"))
      #expect(system.configuration.entries.map(\.path) == before)
    }
  }

  @Test("what cannot change live keeps its value and is named, at every further reload too")
  func needsRestart() async throws {
    try await Self.running { system, _, _ in
      for _ in 1...2 {
        let report = try await system.reload(
          Self.configuration("agent.listen=127.0.0.1:9", "agent.shutdownGrace=1s", "logging.level=debug"))
        #expect(report.needsRestart == ["agent.listen", "agent.shutdownGrace"])
        #expect(system.configuration.agent.listen == .tcp(host: "127.0.0.1", port: 7117))
        #expect(system.configuration.logging.level == .debug)
      }
      let back = try await system.reload(Self.configuration())
      #expect(back == ReloadReport(changed: ["logging.level"], needsRestart: []))
    }
  }

  @Test("a secret that changes is a change, and is not shown")
  func secret() async throws {
    try await Self.running("agent.token=hunter1") { system, _, _ in
      let report = try await system.reload(Self.configuration("agent.token=hunter2"))
      #expect(report == ReloadReport(changed: ["agent.token"], needsRestart: []))
      #expect(!"\(report)".contains("hunter"))
    }
  }

  @Test("with sixteen configurations still delivering, one more is refused until some have ended")
  func bounded() async throws {
    try await Self.running("queue.concurrency=40") { system, parts, world in
      for number in 1...LiveParts.retiredCountMaximum {
        try await parts.queue.enqueue(NewOperation(kind: "held", priority: .critical))
        await world.until("\(number == 1 ? "one" : "\(number)") begins held")
        _ = try await system.reload(
          Self.configuration("queue.concurrency=40", "delivery={type: gated, name: '\(number + 1)'}"))
      }
      let error = await #expect(throws: ReloadError.self) { try await system.reload(Self.configuration()) }
      #expect(error?.code == .busy)
      world.release()
      for number in 1...LiveParts.retiredCountMaximum {
        // The order in which they end is nobody's promise.
        while !world.entries.contains("\(number == 1 ? "one" : "\(number)") closed") { await Task.yield() }
      }
      _ = try await system.reload(Self.configuration())
    }
  }

  @Test("a system that was not started has nothing to reload")
  func notRunning() async throws {
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let system = try TomboloSystem(try Self.configuration(), registry: try Self.registry(), logger: quiet)
    let error = await #expect(throws: ReloadError.self) { try await system.reload(Self.configuration()) }
    #expect(error?.code == .notRunning)
    try await system.close()
  }
}
