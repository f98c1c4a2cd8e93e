public import TomboloPorts

/// Why a wait for a status ended without it.
public struct NetworkWaitError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure it was.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// The deadline passed first.
    public static let deadlinePassed = Code("deadlinePassed")
  }

  public var code: Code
  /// What was waited for, and how things were instead.
  public var message: String
  /// The status when the wait ended.
  public var status: NetworkStatus

  /// A failure of this kind.
  public init(_ code: Code, _ message: String, status: NetworkStatus) {
    self.code = code
    self.message = message
    self.status = status
  }

  public var description: String { message }
}
