import TomboloPorts
import TomboloResilience

/// The key `resilience`, and the keys of the policies that come with the composition. Names, limits and defaults of those are the
/// ones of `DescribedPolicies`; a test compares them.
enum ResilienceOptions {
  /// The pipeline that a delivery uses when it does not name one.
  static let standardPipeline = "upstream"
  /// The policy that only operations know: the others are those of `TomboloResilience`.
  static let retryBudget = "retryBudget"

  /// The section, for config that may name the policies of `registry`.
  static func section(_ registry: PluginRegistry) -> OptionDeclaration {
    OptionDeclaration(
      sectionName, .map(of: .list(of: .section([type(registry)]))),
      help: "Lists of policies around deliveries, by name, outermost first. A delivery uses the one called "
        + "\(standardPipeline), or the one it names.")
  }

  static let sectionName = "resilience"

  /// Beside the options of every delivery plugin.
  static let delivery = OptionDeclaration(
    "resilience", .string,
    help: "The list of policies around it, a name in the section resilience; \(standardPipeline) where there is one.")

  /// What names a policy's plugin.
  static func type(_ registry: PluginRegistry) -> OptionDeclaration {
    let names = registry.descriptions(of: .resilience).map(\.identifier.name)
    return OptionDeclaration("type", .choice(names), isRequired: true, help: "What kind of policy it is.")
  }

  /// What a policy that comes with the composition may say beside its type.
  static func options(of policyType: String) -> [OptionDeclaration] {
    switch policyType {
    case retryBudget:
      [
        name, number("ratio", 0...1_000, 0.2, "Repetitions for each first attempt, in the long run."),
        number("minimumPerSecond", 0...1_000_000, 10, "Repetitions a second that are there in any case."),
        number("maximumSaved", 1...1_000_000, 100, "The most repetitions that can be saved up."),
      ]
    case "totalTimeout": [required("limit", "How long the attempt may take, with all its tries.")]
    case "attemptTimeout": [required("limit", "How long one try may take.")]
    case "retry":
      [
        count("attempts", 1...1_000, 3, "Tries within one attempt, the first included."),
        OptionDeclaration(
          "backoff", .choice(["exponential", "linear", "constant", "decorrelated"]), default: .string("exponential"),
          help: "How the wait between tries grows."),
        duration("initial", .milliseconds(100), "The first wait, before jitter."),
        duration("maximum", .seconds(10), "The longest wait."),
        number("multiplier", 1...100, nil, "How many times longer each wait is; only with exponential, 2 by default."),
        duration("increment", nil, "How much longer each wait is; only with linear, 1s by default."),
        OptionDeclaration(
          "jitter", .choice(Backoff.Jitter.allCases.map(\.rawValue)), default: .string(Backoff.Jitter.full.rawValue),
          help: "Spreads waits."),
        number(
          "budgetRatio", 0...1_000, nil, "Repeated tries for each first one, in the long run; no limit by default."),
        OptionDeclaration("budgetName", .string, help: "Who shares that budget; the list's own name by default."),
        // Shorter than elsewhere: the queue keeps a longer wait without holding a place.
        duration("maximumRetryAfter", .seconds(1), "A longer wait that the upstream asks for ends the attempt."),
      ]
    case "circuitBreaker":
      [
        name, number("failureRatio", 0...1, 0.5, "The share of failures at which it opens."),
        count("minimumCalls", 1...1_000_000, 20, "With fewer calls it does not open."),
        count("windowCalls", 1...1_000_000, nil, "How many calls it looks back; 100 by default."),
        duration("windowDuration", nil, "How far it looks back, instead of a number of calls."),
        duration("openDuration", .seconds(30), "How long it stays open before it probes."),
        count("probes", 1...1_000, 1, "Calls that may go through at once to find out."),
        count("successThreshold", 1...1_000, 1, "Probes that must succeed for it to close."),
        duration("slowCallDuration", nil, "A call that takes this long is slow; none is by default."),
        number("slowCallRatio", 0...1, 1, "The share of slow calls at which it opens."),
      ]
    case "bulkhead":
      [
        name, count("limit", 1...1_000_000, 20, "Deliveries under way at once."),
        count("queue", 0...1_000_000, 0, "Deliveries that may wait for a place."),
      ]
    case "rateLimit":
      [
        name, count("count", 1...1_000_000_000, 10, "Deliveries in each period."),
        duration("period", .seconds(1), "How long a period is."),
        count("burst", 1...1_000_000_000, nil, "Deliveries at once; as many as count by default."),
        duration("maximumWait", .zero, "How long a delivery waits for its turn where it is."),
      ]
    case "adaptiveLimit":
      [
        name, count("initial", 1...1_000_000, 20, "Deliveries under way at once, at the beginning."),
        count("minimum", 1...1_000_000, 1, "It never falls below."),
        count("maximum", 1...1_000_000, 200, "It never grows above."),
        number("decreaseFactor", 0.1...0.99, 0.9, "What a sign of overload multiplies it by."),
        duration("slowCallDuration", nil, "A delivery that takes this long is a sign of overload; none is by default."),
        count("queue", 0...1_000_000, 0, "Deliveries that may wait for a place."),
      ]
    case "chaos":
      [
        number("faultRate", 0...1, 0, "The share of deliveries that fail without being made."),
        number("latencyRate", 0...1, 0, "The share of deliveries that are made later."),
        duration("latency", .seconds(1), "How much later."),
        number("lostOutcomeRate", 0...1, 0, "The share of deliveries whose answer is lost."),
        count(
          "seed", 0...(1 << 53), nil, "The same number makes the same happen again; by default it is another each time."
        ),
      ]
    default: []
    }
  }

  private static let name = OptionDeclaration(
    "name", .string, help: "Policies of one type and name share their state; the list's own name by default.")

  /// A day is more than anything here should take; without a limit a typing error could stop the queue.
  private static let durations: ClosedRange<Duration> = .zero ... .seconds(86_400)

  private static func required(_ name: String, _ help: String) -> OptionDeclaration {
    OptionDeclaration(name, .duration(.milliseconds(1) ... .seconds(86_400)), isRequired: true, help: help)
  }

  private static func duration(_ name: String, _ standard: Duration?, _ help: String) -> OptionDeclaration {
    OptionDeclaration(name, .duration(durations), default: standard.map { .duration($0) }, help: help)
  }

  private static func number(
    _ name: String, _ range: ClosedRange<Double>, _ standard: Double?, _ help: String
  ) -> OptionDeclaration {
    OptionDeclaration(name, .number(range), default: standard.map { .number($0) }, help: help)
  }

  private static func count(
    _ name: String, _ range: ClosedRange<Int>, _ standard: Int?, _ help: String
  ) -> OptionDeclaration {
    OptionDeclaration(name, .integer(range), default: standard.map { .integer($0) }, help: help)
  }
}
