import Foundation
import Testing
@testable import TomboloBenchmark

@Suite("What the benchmark reports")
struct BenchmarkReportTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

  /// Compares with a file; `TOMBOLO_UPDATE_GOLDEN=1` writes it anew.
  private func expect(_ text: String, isGolden name: String) throws {
    let file = Self.folder.appending(path: name)
    if ProcessInfo.processInfo.environment["TOMBOLO_UPDATE_GOLDEN"] != nil {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }

  @Test("The table has the ratio first, its goal beside it, and every further figure with its own goal below")
  func table() throws {
    let lines =
      [BenchmarkReport.header] + SampleResults.all.map(BenchmarkReport.line)
      + ["", BenchmarkReport.summary(SampleResults.all), ""]
    try expect(lines.joined(separator: "\n"), isGolden: "table.txt")
  }

  @Test("The JSON has the same, with the machine and what was asked for")
  func json() throws {
    let bytes = try BenchmarkReport.json(SampleResults.record(version: nil))
    try expect(String(decoding: bytes, as: UTF8.self), isGolden: "record.json")
    #expect(
      try JSONDecoder().decode(BenchmarkRecord.self, from: Data(bytes)) == SampleResults.record(version: nil))
  }

  @Test(
    "In JSON the ratio to the floor is the first member of each result that has one, and a number that is none is refused"
  )
  func jsonOrder() throws {
    let text = String(decoding: try BenchmarkReport.json(SampleResults.record(version: nil)), as: UTF8.self)
    let firsts = text.matches(of: #/\n    \{\n      "(\w+)"/#).map { String($0.1) }
    #expect(firsts == ["ratio", "ratio", "scenario", "scenario", "ratio"])
    var odd = SampleResults.all[0]
    odd.rate = .nan
    #expect(throws: BenchmarkError.self) {
      try BenchmarkReport.json(SampleResults.record(version: nil, results: [odd]))
    }
  }

  @Test("What came out as no number is left out by name, and the rest of the result is kept")
  func noNumber() throws {
    var odd = SampleResults.all[4]
    odd.rate = .infinity
    odd.ratios = [1, .nan]
    odd.figures["of nothing"] = .nan
    let (finite, missing) = odd.finite
    #expect(missing == ["rate", "ratios of the rounds", "of nothing"])
    var expected = SampleResults.all[4]
    expected.rate = nil
    expected.ratios = []
    #expect(finite == expected)
    #expect(throws: Never.self) { try BenchmarkReport.json(SampleResults.record(version: nil, results: [finite])) }
    #expect(SampleResults.all.allSatisfy { $0.finite.result == $0 && $0.finite.missing.isEmpty })
  }

  @Test("A folder in memory and a debug build are warned of", arguments: ["tmpfs", "ext4"])
  func warning(fileSystem: String) {
    var machine = BenchmarkMachine(
      processor: "p", processorCount: 2, memoryMebibytes: 1, system: "s", fileSystem: fileSystem, isDebugBuild: false)
    let warning = machine.warning(about: "/somewhere")
    #expect((warning != nil) == (fileSystem == "tmpfs"))
    if let warning { #expect(warning.contains("/somewhere is in memory (tmpfs)")) }
    machine.isDebugBuild = true
    #expect(machine.warning(about: "/somewhere")?.contains("debug build") == true)
  }

  @Test(
    "The ladder is told as three tables: what each goal came to, each rung beside the floor of its own rounds, and where the time of a commit goes"
  )
  func ladder() throws {
    let text = LadderTables.tables(SampleResults.ladder).joined(separator: "\n\n") + "\n"
    try expect(text, isGolden: "ladder.md")
    #expect(LadderTables.tables(SampleResults.all).isEmpty)
  }

  @Test("The page of all versions has the newest first, and a dash where one has not measured something")
  func history() throws {
    let page = BenchmarkHistory.page([
      SampleResults.record(version: "0.9.0", results: Array(SampleResults.all.prefix(2))),
      SampleResults.record(version: "0.10.0", processor: "Another CPU"),
    ])
    try expect(page, isGolden: "history.md")
    #expect(try #require(page.range(of: "0.10.0")).lowerBound < #require(page.range(of: "0.9.0")).lowerBound)
  }

  @Test("Keeping a record names it for its file, and compares it with those that are there")
  func keeping() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-record-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for version in ["0.1.0", "0.2.0"] {
      try SampleResults.record(version: nil).keep(at: folder.appending(path: "\(version).json").path)
    }
    let page = try String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)
    #expect(page == BenchmarkHistory.page(["0.1.0", "0.2.0"].map { SampleResults.record(version: $0) }))
  }

  @Test("A record of several passes says how many, and is read again")
  func passes() throws {
    var record = SampleResults.record(version: "0.1.0")
    record.passCount = 3
    let bytes = try BenchmarkReport.json(record)
    #expect(try JSONDecoder().decode(BenchmarkRecord.self, from: Data(bytes)) == record)
    #expect(BenchmarkHistory.page([record]).contains("| 3 × 5 | 1.00 | 256 B |"))
    var settings = BenchmarkSettings()
    settings.passCount = 2
    #expect(
      BenchmarkRecord(
        version: nil, day: record.day, machine: record.machine, software: [], settings: settings, results: []
      ).passCount == 2)
  }

  @Test("Where nothing was judged there is no summary")
  func noSummary() {
    #expect(BenchmarkReport.summary([BenchmarkResult(scenario: "mixed", engine: "file")]).isEmpty)
  }
}
