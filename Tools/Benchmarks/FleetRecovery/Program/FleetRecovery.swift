import FleetSimulation
import Foundation

/// A fleet comes back after an outage, with the queue's recovery and with a naive one, in virtual time.
///
///     swift run -c release fleet-recovery            # 10,000 devices with 100 operations each
///     swift run -c release fleet-recovery out.svg    # and a plot of it
@main
struct FleetRecovery {
  static func main() throws {
    var results: [(FleetConfiguration.Behaviour, FleetResult)] = []
    for behaviour in FleetConfiguration.Behaviour.allCases.reversed() {
      let configuration = FleetConfiguration(behaviour)
      let result = FleetSimulation.run(configuration)
      results.append((behaviour, result))
      print(
        "\(behaviour.rawValue): peak \(result.peak) requests/s, \(result.requestCount) requests for "
          + "\(result.deliveredCount) operations, \(result.refusedCount) refused, half after \(text(result.halfTime)), "
          + "all after \(text(result.drainTime))")
    }
    if CommandLine.arguments.count > 1 {
      let plot = FleetPlot(results: results, serverRate: FleetConfiguration(.naive).serverRate)
      try plot.svg.write(toFile: CommandLine.arguments[1], atomically: true, encoding: .utf8)
    }
  }

  private static func text(_ duration: Duration?) -> String {
    duration.map { "\(Int(($0 / .seconds(1)).rounded())) s" } ?? "never"
  }
}
