/// The upstream cannot start, or was told something it cannot do; with what to do about it.
public struct UpstreamError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}
