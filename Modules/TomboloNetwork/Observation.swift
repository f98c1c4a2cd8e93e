/// A callback observer of a monitor. It is called until `cancel()`, or until the monitor's `run()` ends; letting go of this
/// value does not end it.
public struct Observation: Sendable {
  private let end: @Sendable () -> Void

  init(_ end: @escaping @Sendable () -> Void) {
    self.end = end
  }

  /// Ends the observation. A call under way goes on to its end; no later one begins. Cancelling again is no error.
  public func cancel() {
    end()
  }
}
