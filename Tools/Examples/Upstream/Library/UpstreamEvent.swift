/// An operation came in, and this is what the upstream does about it.
public struct UpstreamEvent: Hashable, Sendable, CustomStringConvertible {
  public var method: String
  public var kind: String
  public var idempotencyKey: String?
  public var attempt: Int?
  /// `accepted`, `repeat`, `answers 503`, `hangs`, `breaks the connection`.
  public var reaction: String

  /// One line for a log.
  public var description: String {
    let shownAttempt = attempt.map { " attempt \($0)" } ?? ""
    let shownKey = idempotencyKey.map { " key \($0)" } ?? ""
    return "\(method) \(kind)\(shownAttempt)\(shownKey): \(reaction)"
  }
}
