/// Why a container could not hand out or close a part.
public struct ContainerError: Error, Sendable {
  /// What kind of failure it was.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// A factory threw; `cause` is what it threw. Asking again runs it again.
    public static let creationFailed = Code("creationFailed")
    /// Nothing is registered under what was asked for.
    public static let notRegistered = Code("notRegistered")
    /// What was asked for lives in a scope, and this is none.
    public static let needsScope = Code("needsScope")
    /// The container, or the scope, is closed.
    public static let closed = Code("closed")
    /// Closing some parts failed; the others are closed. `closeFailures` tells which.
    public static let closeFailed = Code("closeFailed")
  }

  public var code: Code
  public var message: String
  /// From what was asked for down to the part that failed.
  public var path: [DependencyKey] = []
  /// What made it fail, when there was an error before this one.
  public var cause: (any Error)?
  /// What went wrong while closing, in the order of closing; also beside another failure.
  public var closeFailures: [CloseFailure] = []
}

/// A part that could not be closed, and why.
public struct CloseFailure: Sendable {
  public var key: DependencyKey
  public var error: any Error
}

extension ContainerError: CustomStringConvertible {
  public var description: String {
    var text = message
    if let cause { text += ": \(cause)" }
    for failure in closeFailures { text += "; closing \(failure.key) failed: \(failure.error)" }
    return text
  }
}

extension [DependencyKey] {
  /// `Agent → Queue → Store`.
  var arrows: String { map(\.description).joined(separator: " → ") }
}
