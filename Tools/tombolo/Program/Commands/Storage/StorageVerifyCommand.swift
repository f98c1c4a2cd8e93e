import ArgumentParser
import TomboloComposition
import TomboloConformance

/// `tombolo storage verify`.
struct StorageVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Runs the rules that every storage engine must keep, on this machine and this disk.",
    discussion: """
      It works on a scratch store with the options of the config, beside the configured folder, and removes it afterwards. \
      The configured store is not touched, and an agent may run on it.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: ArgumentHelp("Where the scratch store goes; it should be on the same disk.", valueName: "folder"))
  var scratch: String?

  @Option(help: "A number that makes the run repeat the choices of an earlier one.")
  var seed: UInt64?

  @Flag(help: "Print JSON.")
  var json = false

  func run() async throws {
    let place = try ScratchPlace(settings: try options.loadStorage(), folder: scratch)
    // A slow disk is no violation.
    let conformance = StoreConformance(timeLimit: .seconds(600)) { try await place.fixture() }
    let report = try await place.removing {
      try await conformance.run(seed: seed ?? .random(in: .min ... .max)) { result in
        if !json { Output.line("\(result)") }
      }
    }
    if json { Output.line(bytes: try JSONText.encode(report)) } else { Output.line(report.summary) }
    guard report.isConforming else {
      throw CommandError(
        .failed,
        "\(report.violations.count) rules are violated by \(place.typeName); repeat this run with --seed "
          + "\(report.seed)")
    }
  }
}
