import Foundation

/// A whole run: what was measured, on what, and what came out. What `--json` prints and `--record` keeps.
package struct BenchmarkRecord: Codable, Hashable, Sendable {
  /// Of Tombolo; `nil` for a run that is not kept.
  package var version: String?
  /// The day, as 2026-01-31, in UTC.
  package var day: String
  package var machine: BenchmarkMachine
  /// What was measured, and with what: names with versions, as `SQLite 3.40.1`.
  package var software: [String]
  package var roundCount: Int
  /// How often the scenarios of the ladder were measured, so many rounds each time; `nil` for once.
  package var passCount: Int?
  package var scale: Double
  package var payloadByteCount: Int
  package var results: [BenchmarkResult]

  package init(
    version: String?, day: String, machine: BenchmarkMachine, software: [String], settings: BenchmarkSettings,
    results: [BenchmarkResult]
  ) {
    self.version = version
    self.day = day
    self.machine = machine
    self.software = software
    roundCount = settings.roundCount
    passCount = settings.passCount > 1 ? settings.passCount : nil
    scale = settings.scale
    payloadByteCount = settings.payloadByteCount
    self.results = results
  }

  /// The present day, in UTC.
  static var today: String { Date().formatted(.iso8601.year().month().day()) }
}

extension BenchmarkRecord {
  /// Keeps the record at `path`, named for the version, and writes the page anew that compares all records beside it.
  func keep(at path: String) throws {
    let file = URL(filePath: path)
    var record = self
    record.version = file.deletingPathExtension().lastPathComponent
    try Data(try BenchmarkReport.json(record)).write(to: file, options: .atomic)
    let folder = file.deletingLastPathComponent()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
    let records = try names.map { name in
      try JSONDecoder().decode(BenchmarkRecord.self, from: Data(contentsOf: folder.appending(path: name)))
    }
    try Data(BenchmarkHistory.page(records).utf8).write(to: folder.appending(path: "README.md"), options: .atomic)
  }
}
