public import TomboloPorts

/// A source that knows nothing of the ways out: for systems that cannot be asked, and for programs that are not to ask.
public struct SilentPathSource: NetworkPathSource {
  private let reason: String?

  /// A source that reports `unknown` with `reason`, once; with `nil` nothing at all.
  public init(reason: String? = nil) {
    self.reason = reason
  }

  /// `none`.
  public var name: String { "none" }

  /// Returns when the task is cancelled.
  public func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async {
    if let reason { report(.unknown(reason: reason)) }
    let (never, end) = AsyncStream.makeStream(of: Never.self)
    // Iterating ends with the task.
    for await _ in never {}
    end.finish()
  }
}
