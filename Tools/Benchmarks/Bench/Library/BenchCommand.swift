package import ArgumentParser
import Foundation

/// `tombolo bench`, and the whole of `tombolo-bench`.
package struct BenchCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures the queue against what each storage engine can do at best.",
    discussion: """
      Every figure is the median of several rounds, in which ours and the floor take turns on the same disk with the same payload, \
      every commit flushed: bare appends for file, and the C interfaces of SQLite and LMDB used the shortest way. The ratio says how \
      much of that is left with all that the queue promises. A busy machine makes the rates worse, and the ratios less.
      """)

  @Option(help: "Engines to measure, separated by commas.")
  var engines = BenchmarkEngine.allCases.map(\.rawValue).joined(separator: ",")
  @Option(
    help: ArgumentHelp(
      "Scenarios, separated by commas; `enqueue` stands for all that begin with it.",
      discussion: "There are \(BenchmarkScenario.standard.map(\.description).joined(separator: ", ")). By default all.")
  )
  var scenarios: String?
  @Option(help: "Rounds of each scenario.")
  var rounds = 5
  @Option(help: "How much longer, or shorter, than usual each round is.")
  var scale = 1.0
  @Option(help: "Payload in bytes, where the scenario does not say.")
  var payload = 256
  @Option(help: "The folder, and so the disk, to measure. By default the one for temporary files.")
  var folder: String?
  @Flag(help: "Print JSON.")
  var json = false

  package init() {}

  package func validate() throws {
    _ = try settings()
  }

  package func run() async throws {
    let isTable = !json
    if isTable { print(BenchmarkReport.header) }
    let results = try await BenchmarkRun.measure(try settings()) { result in
      if isTable { print(BenchmarkReport.line(result)) }
    }
    if json { print(String(decoding: try BenchmarkReport.json(results), as: UTF8.self)) }
  }

  private func settings() throws -> BenchmarkSettings {
    var settings = BenchmarkSettings()
    settings.engines = try engines.split(separator: ",").map { name in
      guard let engine = BenchmarkEngine(rawValue: String(name)) else {
        let known = BenchmarkEngine.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--engines: there is no engine \(name); there are \(known)")
      }
      return engine
    }
    if let scenarios {
      settings.scenarios = try scenarios.split(separator: ",").flatMap { name in
        let found = BenchmarkScenario.named(String(name))
        guard !found.isEmpty else {
          let known = BenchmarkScenario.standard.map(\.description).joined(separator: ", ")
          throw ValidationError("--scenarios: there is no scenario \(name); there are \(known)")
        }
        return found
      }
    }
    guard rounds > 0 else { throw ValidationError("--rounds: \(rounds) is not a positive number") }
    guard scale > 0, scale <= 1_000 else { throw ValidationError("--scale: \(scale) is not between 0 and 1,000") }
    guard (1...1_048_576).contains(payload) else {
      throw ValidationError("--payload: \(payload) is not between 1 and 1,048,576 bytes")
    }
    settings.roundCount = rounds
    settings.scale = scale
    settings.payloadByteCount = payload
    if let folder {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
        throw ValidationError("--folder: \(folder) is no folder")
      }
      settings.folder = folder
    }
    return settings
  }
}
