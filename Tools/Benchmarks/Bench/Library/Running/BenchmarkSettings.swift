import Foundation

/// What is measured, and how much of it.
package struct BenchmarkSettings: Sendable {
  package var engines = BenchmarkEngine.allCases
  package var scenarios = BenchmarkScenario.short
  /// A ratio is the median of so many, in each pass.
  package var roundCount = 5
  /// How often the scenarios of the ladder are measured, with the others in between.
  package var passCount = 1
  /// How much longer, or shorter, than usual each round is.
  package var scale = 1.0
  package var payloadByteCount = 256
  /// The disk that is measured: its folder. What is written there is removed.
  package var folder = FileManager.default.temporaryDirectory.path
  /// The program that is started once more, with `bench child`, for what is measured in a process of its own; by default this one.
  package var program: String?
  /// A program that measures others; see `PeerProgram`.
  package var peerProgram: String?

  package init() {}

  var payload: [UInt8] { payload(payloadByteCount) }

  func payload(_ byteCount: Int) -> [UInt8] { (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

  /// `count`, scaled, as a multiple of `unit`.
  func count(_ count: Int, multipleOf unit: Int = 1) -> Int {
    max(1, Int((Double(count) * scale / Double(unit)).rounded())) * unit
  }

  /// Gives a fresh folder and removes it afterwards.
  func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let path = "\(folder)/tombolo-bench-\(UUID().uuidString)"
    let trace = try Leftovers.shared.make(folder: path)
    defer { Leftovers.shared.forget(trace) }
    let result: Result<Value, any Error>
    do {
      result = .success(try await body(path))
    } catch {
      result = .failure(error)
    }
    try FileManager.default.removeItem(atPath: path)
    return try result.get()
  }
}
