/// A policy did not let a call through. The body was not called, so nothing happened outside.
///
/// Programs read `code`; people read `message`, which names the policy and says what it waits for.
public struct ResilienceError: Error, Hashable, Sendable {
  /// Which policy refused, and why.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The code as it is written in logs.
    public let description: String
    private init(_ description: String) { self.description = description }

    /// The circuit breaker is open after too many failures.
    public static let circuitOpen = Code("circuitOpen")
    /// The circuit breaker is half-open, and its probes are under way.
    public static let circuitProbing = Code("circuitProbing")
    /// The circuit breaker was opened by hand.
    public static let circuitIsolated = Code("circuitIsolated")
    /// The rate limiter has no token, and none comes within the permitted wait.
    public static let rateLimited = Code("rateLimited")
    /// Every place is taken, and so is every place in the queue before it.
    public static let bulkheadFull = Code("bulkheadFull")
  }

  /// Which policy refused, and why.
  public var code: Code
  /// What was refused, by which policy and why.
  public var message: String
  /// When asking again makes sense, counted from the refusal; `nil` when that cannot be known.
  public var retryAfter: Duration?

  /// A refusal; policies of one's own may use it as well.
  public init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
  }
}

extension ResilienceError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}
