/// A simulated run that went wrong, with what is needed to see it again.
public struct SimulationFailure: Error, CustomStringConvertible {
  /// What went wrong.
  public var message: String
  /// The seed that shows it again; `nil` until a world adds its own.
  public var seed: UInt64?
  /// What happened last in the world, the newest last.
  public var trace: [String] = []
  /// The error of the program under test, when it threw one.
  public var cause: (any Error)?

  public init(_ message: String, cause: (any Error)? = nil) {
    self.message = message
    self.cause = cause
  }

  public var description: String {
    let seedText = seed.map { "seed \($0): " } ?? ""
    let tail = trace.isEmpty ? "" : "\n  " + trace.joined(separator: "\n  ")
    return seedText + message + tail
  }
}
