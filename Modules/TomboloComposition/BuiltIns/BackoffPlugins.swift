public import TomboloPorts
public import TomboloResilience

/// A plugin that makes a backoff strategy.
public protocol BackoffPlugin: Plugin where Product == any BackoffStrategy {}

/// The delay grows by a factor with each failed attempt.
public enum ExponentialBackoffPlugin: BackoffPlugin {
  public static let identifier = PluginIdentifier(.backoff, "exponential")
  public static let summary = "Waits `initial`, then `multiplier` times as long after each failure, up to `maximum`."
  public static let stability = PluginStability.stable
  public static let options = [
    BackoffOptions.initial,
    OptionDeclaration("multiplier", .number(1...100), default: .number(2), help: "How many times longer each wait is."),
    BackoffOptions.maximum,
    BackoffOptions.jitter,
  ]

  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> any BackoffStrategy {
    Backoff.exponential(
      initial: try options.duration("initial"), multiplier: try options.number("multiplier"),
      maximum: try options.duration("maximum"), jitter: try BackoffOptions.jitter(options))
  }
}

/// The delay grows by the same amount with each failed attempt.
public enum LinearBackoffPlugin: BackoffPlugin {
  public static let identifier = PluginIdentifier(.backoff, "linear")
  public static let summary = "Waits `initial`, then `increment` longer after each failure, up to `maximum`."
  public static let stability = PluginStability.stable
  public static let options = [
    BackoffOptions.initial,
    OptionDeclaration(
      "increment", .duration(.zero ... .seconds(86_400)), default: .duration(.seconds(1)),
      help: "How much longer each wait is."),
    BackoffOptions.maximum,
    BackoffOptions.jitter,
  ]

  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> any BackoffStrategy {
    Backoff.linear(
      initial: try options.duration("initial"), increment: try options.duration("increment"),
      maximum: try options.duration("maximum"), jitter: try BackoffOptions.jitter(options))
  }
}

/// The delay is always the same.
public enum ConstantBackoffPlugin: BackoffPlugin {
  public static let identifier = PluginIdentifier(.backoff, "constant")
  public static let summary = "Waits `delay` after each failure."
  public static let stability = PluginStability.stable
  public static let options = [
    OptionDeclaration(
      "delay", .duration(.zero ... .seconds(7 * 86_400)), default: .duration(.seconds(5)), help: "How long to wait."),
    BackoffOptions.jitter,
  ]

  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> any BackoffStrategy {
    Backoff.constant(try options.duration("delay"), jitter: try BackoffOptions.jitter(options))
  }
}

/// The delay is drawn anew each time, between the first one and three times the one before.
public enum DecorrelatedBackoffPlugin: BackoffPlugin {
  public static let identifier = PluginIdentifier(.backoff, "decorrelated")
  public static let summary =
    "Waits anywhere between `initial` and three times the wait before, up to `maximum`: waits of many clients drift apart."
  public static let stability = PluginStability.stable
  public static let options = [
    OptionDeclaration(
      "initial", .duration(.zero ... .seconds(86_400)), default: .duration(.milliseconds(500)),
      help: "The shortest wait; the first one is at most three times as long."),
    BackoffOptions.maximum,
  ]

  public static func make(_ options: PluginOptions, in context: PluginContext) throws -> any BackoffStrategy {
    Backoff.decorrelated(initial: try options.duration("initial"), maximum: try options.duration("maximum"))
  }
}

/// What the backoff plugins have in common.
private enum BackoffOptions {
  static let initial = OptionDeclaration(
    "initial", .duration(.zero ... .seconds(86_400)), default: .duration(.milliseconds(500)),
    help: "The wait after the first failure, before jitter.")
  static let maximum = OptionDeclaration(
    "maximum", .duration(.zero ... .seconds(7 * 86_400)), default: .duration(.seconds(300)), help: "The longest wait.")
  static let jitter = OptionDeclaration(
    "jitter", .choice(Backoff.Jitter.allCases.map(\.rawValue)), default: .string(Backoff.Jitter.full.rawValue),
    help: "Spreads waits: full, anywhere up to the wait; equal, anywhere in its upper half; none.")

  static func jitter(_ options: PluginOptions) throws -> Backoff.Jitter {
    Backoff.Jitter(rawValue: try options.string("jitter")) ?? .full
  }
}
