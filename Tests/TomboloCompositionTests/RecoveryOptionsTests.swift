import Testing
import TomboloPorts
import TomboloQueue
import TomboloResilience

@testable import TomboloComposition

@Suite("The section queue.recovery")
struct RecoveryOptionsTests {
  private static func made(_ overrides: String...) throws -> QueueConfiguration {
    let loader = ConfigurationLoader(registry: try FakePlugins.registry())
    let configuration = try loader.load(
      overrides: ["delivery={type: http, baseURL: 'https://example.org'}"] + overrides)
    return QueueConfiguration(configuration, backoff: QueueConfiguration().backoff)
  }

  @Test("without any key a queue recovers as one without a config does")
  func defaults() throws {
    #expect(try Self.made().recovery == RecoveryConfiguration())
  }

  private typealias Change = @Sendable (inout RecoveryConfiguration) -> Void

  private static let changes: [String: Change] = [
    "spreadShare=0.5": { $0.spreadShare = 0.5 },
    "spreadOutageMinimum=0s": { $0.spreadOutageMinimum = .zero },
    "spreadMaximum=10m": { $0.spreadMaximum = .seconds(600) },
    "decreaseFactor=0.5": { $0.decreaseFactor = 0.5 },
    "retryBudget.enabled=false": { $0.retryBudget = nil },
    "retryBudget.ratio=0.5": { $0.retryBudget = RetryBudget("upstream", ratio: 0.5) },
    "retryBudget.minimumPerSecond=1": { $0.retryBudget = RetryBudget("upstream", perSecondMinimum: 1) },
    "retryBudget.maximumSaved=5": { $0.retryBudget = RetryBudget("upstream", savedMaximum: 5) },
    "circuitBreaker.enabled=false": { $0.circuitBreaker = nil },
    "circuitBreaker.failureRatio=0.5": { $0.circuitBreaker?.failureRatio = 0.5 },
    "circuitBreaker.minimumCalls=3": { $0.circuitBreaker?.callCountMinimum = 3 },
    "circuitBreaker.windowCalls=70": { $0.circuitBreaker?.window = .count(70) },
    "circuitBreaker.openDuration=1m": { $0.circuitBreaker?.openDuration = .seconds(60) },
  ]

  @Test("each key changes what it says, and nothing else", arguments: changes.keys.sorted())
  func eachKey(text: String) throws {
    var expected = RecoveryConfiguration()
    let change = try #require(Self.changes[text])
    change(&expected)
    #expect(expected != RecoveryConfiguration())
    #expect(try Self.made("queue.recovery.\(text)").recovery == expected)
  }

  @Test("a breaker that could never open is refused")
  func neverOpens() throws {
    let error = try #require(throws: ConfigurationError.self) {
      try Self.made("queue.recovery.circuitBreaker.minimumCalls=51")
    }
    #expect("\(error)".contains("queue.recovery.circuitBreaker.windowCalls, 50, so that it would never open"))
  }

  @Test("a device with a name stamps what it enqueues, and one with another clock before goes on after it")
  func versionClock() throws {
    #expect(try Self.made().versionClock == nil)
    let clock = try #require(
      try Self.made("queue.versionClock.node=till-7", "queue.versionClock.skewMaximum=1m").versionClock)
    #expect(clock.node == "till-7" && clock.skewMaximum == .seconds(60))
    #expect(throws: ConfigurationError.self) { try Self.made("queue.versionClock.node=till 7") }

    let loader = ConfigurationLoader(registry: try FakePlugins.registry())
    let configuration = try loader.load(
      overrides: ["delivery={type: http, baseURL: 'https://example.org'}", "queue.versionClock.node=till-8"])
    let last = clock.next(at: Timestamp(millisecondsSinceEpoch: 1_000))
    let reloaded = QueueConfiguration(configuration, backoff: QueueConfiguration().backoff, previous: clock)
    let next = try #require(reloaded.versionClock?.next(at: Timestamp(millisecondsSinceEpoch: 0)))
    #expect(next > last && next.node == "till-8")
  }
}
