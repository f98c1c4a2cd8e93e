import TomboloPorts
import TomboloQueue
import TomboloResilience

/// The keys of the section `queue.recovery`, and what they make. Defaults are those of `RecoveryConfiguration`;
/// `RecoveryOptionsTests` compares them.
enum RecoveryOptions {
  static let all = [
    number("spreadShare", 0...1, 0.1, "Which share of an outage's length the random wait after it takes at most."),
    duration(
      "spreadOutageMinimum", .zero ... .seconds(86_400), 60, "After a shorter outage nobody waits for a random moment."),
    duration("spreadMaximum", .zero ... .seconds(86_400), 30, "The longest random wait."),
    number(
      "decreaseFactor", 0.1...0.99, 0.7, "What a sign of overload multiplies the number of deliveries at once by."),
    OptionDeclaration(
      "retryBudget", .section(budget), help: "How many retries an upstream gets beside first attempts."),
    OptionDeclaration(
      "circuitBreaker", .section(breaker), help: "When an upstream counts as down, and is asked by one at a time."),
  ]

  private static let budget = [
    flag("Whether there is a budget; without one retries wait for their backoff alone."),
    number("ratio", 0...1_000, 0.2, "Retries for each first attempt, in the long run."),
    number("minimumPerSecond", 0...1_000_000, 10, "Retries a second that are there in any case."),
    number("maximumSaved", 1...1_000_000, 100, "The most retries that can be saved up."),
  ]

  private static let breaker = [
    flag("Whether there is a breaker."),
    number("failureRatio", 0...1, 0.9, "The share of failures at which it opens."),
    count("minimumCalls", 20, "With fewer attempts it does not open."),
    count("windowCalls", 50, "How many attempts it looks back."),
    duration(
      "openDuration", .milliseconds(1) ... .seconds(86_400), 15, "How long it stays open before it lets one through."),
  ]

  private static func flag(_ help: String) -> OptionDeclaration {
    OptionDeclaration("enabled", .boolean, default: .boolean(true), help: help)
  }

  private static func number(
    _ name: String, _ range: ClosedRange<Double>, _ standard: Double, _ help: String
  ) -> OptionDeclaration {
    OptionDeclaration(name, .number(range), default: .number(standard), help: help)
  }

  private static func count(_ name: String, _ standard: Int, _ help: String) -> OptionDeclaration {
    OptionDeclaration(name, .integer(1...1_000_000), default: .integer(standard), help: help)
  }

  private static func duration(
    _ name: String, _ range: ClosedRange<Duration>, _ standardSeconds: Int, _ help: String
  ) -> OptionDeclaration {
    OptionDeclaration(name, .duration(range), default: .duration(.seconds(standardSeconds)), help: help)
  }
}

extension SettingsReader {
  mutating func readRecovery(_ queue: PluginOptions) throws -> RecoveryConfiguration {
    let options = try queue.section("recovery")
    var recovery = RecoveryConfiguration()
    recovery.spreadShare = try options.number("spreadShare")
    recovery.spreadOutageMinimum = try options.duration("spreadOutageMinimum")
    recovery.spreadMaximum = try options.duration("spreadMaximum")
    recovery.decreaseFactor = try options.number("decreaseFactor")
    let budget = try options.section("retryBudget")
    recovery.retryBudget =
      try budget.boolean("enabled")
      ? RetryBudget(
        "upstream", ratio: try budget.number("ratio"), perSecondMinimum: try budget.number("minimumPerSecond"),
        savedMaximum: try budget.number("maximumSaved")) : nil
    let breaker = try options.section("circuitBreaker")
    let (minimum, window) = (try breaker.integer("minimumCalls"), try breaker.integer("windowCalls"))
    if minimum > window {
      add(
        .conflict, "queue.recovery.circuitBreaker.minimumCalls", value: "\(minimum)",
        "is more than queue.recovery.circuitBreaker.windowCalls, \(window), so that it would never open: lower it, or "
          + "raise that")
    }
    recovery.circuitBreaker =
      try breaker.boolean("enabled")
      ? CircuitBreakerConfiguration(
        failureRatio: try breaker.number("failureRatio"), callCountMinimum: minimum, window: .count(window),
        openDuration: try breaker.duration("openDuration")) : nil
    return recovery
  }
}
