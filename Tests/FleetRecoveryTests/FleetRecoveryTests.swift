import FleetSimulation
import Testing
import TomboloQueue

@Suite("A fleet comes back after an outage", .timeLimit(.minutes(5)))
struct FleetRecoveryTests {
  /// A hundredth of the fleet, and of the server.
  private static func run(
    _ behaviour: FleetConfiguration.Behaviour, _ configure: (inout FleetConfiguration) -> Void = { _ in }
  ) -> FleetResult {
    var configuration = FleetConfiguration(behaviour)
    configuration.deviceCount = 100
    configuration.serverRate = 100
    configure(&configuration)
    return FleetSimulation.run(configuration)
  }

  @Test("Everything is delivered, at a peak of a few times what the server bears, in less than twice the shortest time")
  func paced() throws {
    let result = Self.run(.paced)
    #expect(result.deliveredCount == 10_000)
    #expect(result.peak < 400)
    #expect(result.requestCount < 20_000)
    #expect(try #require(result.drainTime) < .seconds(200))
  }

  @Test("A naive fleet peaks twenty times as high and takes twice as long")
  func naive() throws {
    let (naive, paced) = (Self.run(.naive), Self.run(.paced))
    #expect(naive.peak > 20 * paced.peak)
    let (slow, quick) = (try #require(naive.drainTime), try #require(paced.drainTime))
    #expect(slow > quick * 2)
  }

  @Test("Without the spread the first second is worse")
  func spread() {
    func first(_ share: Double) -> Int {
      Self.run(.paced) {
        $0.queue.recovery.spreadShare = share
        $0.timeMaximum = .seconds(2)
      }.requestsPerSecond.first ?? 0
    }
    #expect(first(0) > 2 * first(0.1))
  }

  @Test("The same seed gives the same seconds, and another one others")
  func replay() {
    let short: (inout FleetConfiguration) -> Void = { $0.timeMaximum = .seconds(20) }
    let first = Self.run(.paced, short).requestsPerSecond
    #expect(Self.run(.paced, short).requestsPerSecond == first)
    #expect(
      Self.run(.paced) {
        short(&$0)
        $0.seed = 2
      }.requestsPerSecond != first)
  }
}
