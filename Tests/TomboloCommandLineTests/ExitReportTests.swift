import ArgumentParser
import TomboloAgent
import TomboloComposition
import TomboloPorts
import TomboloQueue
import Testing

@testable import TomboloProgram

@Suite("How a command ends")
struct ExitReportTests {
  private static let endings: [(any Error, Int32)] = [
    (CommandError(.usage, "x"), 2), (CommandError(.failed, "x"), 1), (ConfigurationError(problems: []), 2),
    (PluginOptionError("x"), 2), (AgentServerError(.tokenRequired, "x"), 2), (AgentServerError(.addressInUse, "x"), 1),
    (StoreError(.inUse, "x"), 1), (QueueError(.invalidOperation, "x"), 2), (QueueError(.notFound, "x"), 1),
    (CancellationError(), 1),
  ]

  @Test("Wrong usage and configuration end with 2, failures with 1, each with the program's name", arguments: endings)
  func status(error: any Error, status: Int32) {
    let report = ExitReport(error)
    #expect(report.status == status)
    #expect(report.text.hasPrefix("tombolo: "))
    #expect(report.isError)
  }

  @Test("What was said already is not said again")
  func reported() {
    let report = ExitReport(CommandError(.reported, "1 of 2 failed"))
    #expect(report.status == 1 && report.text.isEmpty)
  }

  @Test(
    "What the parser refuses ends with 2 on standard error",
    arguments: [["bogus"], ["enqueue"], ["run", "--nonsense"], ["show"], ["list", "--limit", "x"]])
  func refused(arguments: [String]) {
    let report = Self.parse(arguments)
    #expect(report?.status == 2)
    #expect(report?.isError == true)
    #expect(report?.text.hasPrefix("tombolo: ") == true)
  }

  @Test("Help and version end with 0 on standard output", arguments: [["--help"], ["--version"], ["run", "--help"]])
  func help(arguments: [String]) {
    let report = Self.parse(arguments)
    #expect(report?.status == 0)
    #expect(report?.isError == false)
  }

  private static func parse(_ arguments: [String]) -> ExitReport? {
    do {
      var command = try TomboloCommand.parseAsRoot(arguments)
      // Help that was asked for is a command of its own, which throws it.
      try command.run()
      return nil
    } catch {
      return ExitReport(error)
    }
  }
}
