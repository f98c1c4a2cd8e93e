/// The upstream cannot start, or was told something it cannot do; with what to do about it.
public struct UpstreamError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// Whether another program has the port that was asked for.
  public var isPortTaken: Bool

  public init(_ message: String, isPortTaken: Bool = false) {
    self.message = message
    self.isPortTaken = isPortTaken
  }

  public var description: String { message }
}
