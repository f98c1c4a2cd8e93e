public import TomboloComposition
public import TomboloPorts
public import TomboloResilience

/// Each delay is the sum of the two before it: 1, 1, 2, 3, 5 times `unit`, and never more than `delayMaximum`.
public struct FibonacciBackoff: BackoffStrategy {
  public var unit: Duration
  public var delayMaximum: Duration

  public init(unit: Duration, delayMaximum: Duration) {
    self.unit = unit
    self.delayMaximum = delayMaximum
  }

  public func delay(afterAttempt attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
    var (present, next) = (Duration.zero, unit)
    var left = attempt
    while left > 0, present < delayMaximum {
      (present, next) = (next, present + next)
      left -= 1
    }
    return min(present, delayMaximum)
  }
}

/// `queue: { backoff: { type: fibonacci, unit: 1s, maximum: 5m } }`
public enum FibonacciBackoffPlugin: BackoffPlugin {
  public static let identifier = PluginIdentifier(.backoff, "fibonacci")
  public static let summary = "Waits as long as the last two waits together, up to `maximum`."
  public static let options = [
    OptionDeclaration(
      "unit", .duration(.milliseconds(1) ... .seconds(3_600)), default: .duration(.seconds(1)),
      help: "The first and the second wait."),
    OptionDeclaration(
      "maximum", .duration(.milliseconds(1) ... .seconds(86_400)), default: .duration(.seconds(300)),
      help: "The longest wait."),
  ]

  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> any BackoffStrategy {
    FibonacciBackoff(unit: try options.duration("unit"), delayMaximum: try options.duration("maximum"))
  }
}
