import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Stores with many operations, each filled once in a run, by a process of its own. Whoever uses one leaves about as much in it.
actor FilledStores {
  struct Filled: Sendable {
    var folder: String
    var report: ChildReport
  }

  /// Of what this gives, for the rows that are about it.
  static func state(_ stored: Int) -> String {
    "\(stored) operations, stored by a process that has closed the store in order; in the system's cache"
  }

  private struct Contents: Hashable {
    var engine: BenchmarkEngine
    var count: Int
    var isDelayed: Bool
  }

  private let settings: BenchmarkSettings
  private var filled: [Contents: Filled] = [:]

  init(_ settings: BenchmarkSettings) { self.settings = settings }

  func store(_ engine: BenchmarkEngine, count: Int, isDelayed: Bool = false) async throws -> Filled {
    let contents = Contents(engine: engine, count: count, isDelayed: isDelayed)
    if let filled = filled[contents] { return filled }
    let folder = "\(settings.folder)/tombolo-bench-\(UUID().uuidString)"
    let trace = try Leftovers.shared.make(folder: folder)
    let report: ChildReport
    do {
      report = try await OtherProcess.report(
        isDelayed ? .fillDelayed : .fill,
        [engine.rawValue, folder, "--count", "\(count)", "--payload", "\(settings.payloadByteCount)"],
        settings: settings)
    } catch {
      try FileManager.default.removeItem(atPath: folder)
      Leftovers.shared.forget(trace)
      throw error
    }
    // Filled without flushes: what the system still has to write is no business of those that are measured next.
    sync()
    let new = Filled(folder: folder, report: report)
    filled[contents] = new
    return new
  }

  /// Has a process open it, enqueue and settle 6,400 operations, and close it, once for each round.
  @discardableResult
  func work(with filled: Filled, _ engine: BenchmarkEngine) async throws -> [ChildReport] {
    let count = settings.count(6_400, multipleOf: 64)
    var reports: [ChildReport] = []
    for _ in 0..<settings.roundCount {
      reports.append(
        try await OtherProcess.report(
          .open, [engine.rawValue, filled.folder, "--count", "\(count)", "--payload", "\(settings.payloadByteCount)"],
          settings: settings))
    }
    return reports
  }

  func remove() throws {
    for filled in filled.values {
      try FileManager.default.removeItem(atPath: filled.folder)
      Leftovers.shared.forget(.folder(filled.folder))
    }
    filled = [:]
  }
}
