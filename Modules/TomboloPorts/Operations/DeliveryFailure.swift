/// Why an attempt did not succeed. It is stored with the operation, so it is text, and it is shown to people, so it never
/// holds payloads or secrets.
public struct DeliveryFailure: Error, Hashable, Sendable {
  /// What kind of failure it was.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// For codes read back from a store, and for those of one's own handlers.
    public init(_ description: String) { self.description = description }

    /// No connection came about, or it broke before an answer.
    public static let unreachable = Code("unreachable")
    /// The upstream did not answer in time; it may or may not have acted.
    public static let timeout = Code("timeout")
    /// The upstream asks to be called less often.
    public static let throttled = Code("throttled")
    /// The upstream failed in a way that may pass.
    public static let upstreamFailed = Code("upstreamFailed")
    /// It was not sent: a policy of this program holds it back, such as a circuit breaker or a rate limit.
    public static let heldBack = Code("heldBack")
    /// The upstream will never accept this operation as it is.
    public static let refused = Code("refused")
    /// The upstream does not accept our credentials.
    public static let unauthorized = Code("unauthorized")
    /// The upstream holds another version.
    public static let conflict = Code("conflict")
    /// No handler knows this kind, or not in this version.
    public static let unknownKind = Code("unknownKind")
    /// The stored bytes do not decode.
    public static let undecodable = Code("undecodable")
    /// The handler threw an error that does not say what it is.
    public static let handlerFailed = Code("handlerFailed")
    /// The permitted number of attempts is used up; the message ends with the last failure.
    public static let attemptsExhausted = Code("attemptsExhausted")
  }

  public var code: Code
  public var message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

extension DeliveryFailure: CustomStringConvertible {
  public var description: String { message }
}

/// How an error is to be treated by whoever may try again.
public enum FailureClassification: Hashable, Sendable {
  /// May pass by itself.
  case transient
  /// May pass, and the other side says when to come back.
  case throttled(after: Duration?)
  /// Will not pass.
  case permanent
  /// The other side holds another version.
  case conflict
  /// It may have worked: repeat only what may be repeated.
  case outcomeUnknown
}

/// An error that knows how it is to be treated. Handlers may throw one instead of answering with an outcome.
public protocol ClassifiedError: Error {
  var classification: FailureClassification { get }
}
