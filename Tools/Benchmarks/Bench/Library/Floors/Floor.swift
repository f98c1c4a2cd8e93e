/// The least that has to be done to keep payloads in order and take them out again, durably.
///
/// No priorities, no keys, no promises: what the ratios of the report are measured against.
protocol Floor {
  /// Stores `count` payloads with one commit, and flushes it.
  func add(_ count: Int) throws

  /// Reads the `count` oldest payloads and removes them with one commit, flushed; answers how many there were.
  func take(_ count: Int) throws -> Int
}

/// Why nothing was measured.
package struct BenchmarkError: Error, CustomStringConvertible {
  package var description: String

  init(_ description: String) { self.description = description }
}
