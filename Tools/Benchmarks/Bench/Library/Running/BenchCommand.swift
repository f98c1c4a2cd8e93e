package import ArgumentParser
import Foundation

/// `tombolo bench`, and the whole of `tombolo-bench`.
package struct BenchCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures the queue against what each storage engine can do at best.",
    discussion: """
      Every figure is the median of several rounds, in which ours and the floor take turns on the same disk with the same payload, \
      every commit flushed: bare appends for file, and the C interfaces of SQLite and LMDB used the shortest way. The ratio says how \
      much of that is left with all that the queue promises. A busy machine makes the rates worse, and the ratios less. What each row means, and what bounds it: the guide HowFastIsIt.
      """, subcommands: [BenchChildCommand.self])

  @Option(help: "Engines to measure, separated by commas.")
  var engines = BenchmarkEngine.allCases.map(\.rawValue).joined(separator: ",")
  @Option(
    help: ArgumentHelp(
      "Scenarios, separated by commas; `enqueue` stands for all that begin with it.",
      discussion: """
        `short` are \(Self.names(BenchmarkScenario.short)); `large` are \(Self.names(BenchmarkScenario.large)), which fill stores \
        with up to a million operations and take minutes; `goals` are those with a goal, \(Self.names(BenchmarkScenario.goals)); \
        `all` are these and the `ladder`, what stands between the floor and the queue.
        """))
  var scenarios = "short"
  @Option(help: "Rounds of each scenario.")
  var rounds = 5
  @Option(
    help: ArgumentHelp(
      "How often the scenarios of `ladder` are measured, with the others in between.",
      discussion:
        "Each time with so many rounds; the medians are of all, and told after the last. So a mood of the machine that lasts for minutes decides nothing."
    ))
  var passes = 1
  @Option(help: "How much longer, or shorter, than usual each round is, and how much more is stored. Goals are for 1.")
  var scale = 1.0
  @Option(help: "Payload in bytes, where the scenario does not say.")
  var payload = 256
  @Option(help: "The folder, and so the disk, to measure. By default the one for temporary files.")
  var folder: String?
  @Option(
    help: ArgumentHelp(
      "A program that measures others with the same payload, for the same table.",
      discussion: "`Tools/bench --peers` gives Tools/Benchmarks/Peers/compare, and installs what that needs.",
      valueName: "program"))
  var peers: String?
  @Option(
    help: ArgumentHelp(
      "Keep the results in FOLDER/VERSION.json, and write FOLDER/README.md, which compares all that are kept there.",
      valueName: "file"))
  var record: String?
  @Option(
    help: ArgumentHelp(
      "What the results also say that they are of, as `Swift 6.3.1`; may be given more than once.",
      discussion: "`Tools/bench` gives the commit, the toolchain and, with --peers, the versions of those."))
  var software: [String] = []
  @Flag(help: "Print JSON.")
  var json = false

  package init() {}

  package func validate() throws {
    _ = try settings()
    if let record, !record.hasSuffix(".json") { throw ValidationError("--record: \(record) does not end with .json") }
  }

  package func run() async throws {
    let settings = try settings()
    let isTable = !json
    let machine = BenchmarkMachine.current(folder: settings.folder)
    if let warning = machine.warning(about: settings.folder) { Self.warn(warning) }
    let signals = Leftovers.shared.putAwayOnSignals()
    defer { Leftovers.letGo(signals) }
    if isTable { Self.tell(BenchmarkReport.header) }
    let results = try await BenchmarkRun.measure(settings) { result, missing in
      if !missing.isEmpty {
        Self.warn(
          "\(result.scenario) \(result.engine): left out what came out as no number: \(missing.joined(separator: ", "))"
        )
      }
      if isTable { Self.tell(BenchmarkReport.line(result)) }
    }
    let kept = BenchmarkRecord(
      version: nil, day: BenchmarkRecord.today, machine: machine, software: software + BenchmarkEngine.libraries,
      settings: settings, results: results)
    if isTable {
      for table in LadderTables.tables(results) { Self.tell("\n\(table)") }
      Self.tell(
        "\n\(kept.machine)\n\(kept.software.joined(separator: ", "))\n\(BenchmarkReport.summary(results))")
    } else {
      print(String(decoding: try BenchmarkReport.json(kept), as: UTF8.self), terminator: "")
    }
    if let record { try kept.keep(at: record) }
  }

  private static func warn(_ text: String) {
    FileHandle.standardError.write(Data("warning: \(text)\n".utf8))
  }

  /// At once, also where the output is a file.
  private static func tell(_ text: String) {
    print(text)
    fflush(nil)
  }

  /// What the names in `list` stand for, each thing once although two of them may stand for it.
  private static func each<Named: Hashable>(
    _ list: String, _ named: (Substring) throws -> [Named]
  ) rethrows -> [Named] {
    var known: Set<Named> = []
    return try list.split(separator: ",").flatMap(named).filter { known.insert($0).inserted }
  }

  private static func names(_ scenarios: [BenchmarkScenario]) -> String {
    scenarios.map(\.description).joined(separator: ", ")
  }

  func settings() throws -> BenchmarkSettings {
    var settings = BenchmarkSettings()
    settings.engines = try Self.each(engines) { name in
      guard let engine = BenchmarkEngine(rawValue: String(name)) else {
        let known = BenchmarkEngine.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--engines: there is no engine \(name); there are \(known)")
      }
      return [engine]
    }
    settings.scenarios = try Self.each(scenarios) { name in
      let found = BenchmarkScenario.named(String(name))
      guard !found.isEmpty else {
        throw ValidationError(
          "--scenarios: there is no scenario \(name); there are \(Self.names(BenchmarkScenario.named("all")))")
      }
      return found
    }
    guard rounds > 0 else { throw ValidationError("--rounds: \(rounds) is not a positive number") }
    guard passes > 0 else { throw ValidationError("--passes: \(passes) is not a positive number") }
    guard scale > 0, scale <= 1_000 else { throw ValidationError("--scale: \(scale) is not between 0 and 1,000") }
    guard (1...1_048_576).contains(payload) else {
      throw ValidationError("--payload: \(payload) is not between 1 and 1,048,576 bytes")
    }
    settings.roundCount = rounds
    settings.passCount = passes
    settings.scale = scale
    settings.payloadByteCount = payload
    if let folder {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
        throw ValidationError("--folder: \(folder) is no folder")
      }
      settings.folder = folder
    }
    if let peers {
      guard FileManager.default.isExecutableFile(atPath: peers) else {
        throw ValidationError("--peers: \(peers) is no program")
      }
      settings.peerProgram = peers
    }
    return settings
  }
}
