import FleetSimulation
import Foundation
import Testing
import TomboloQueue

@Suite("A fleet comes back after an outage", .timeLimit(.minutes(10)))
struct FleetRecoveryTests {
  /// A hundredth of the fleet, and of the server.
  private static func run(
    _ behaviour: FleetConfiguration.Behaviour, _ configure: (inout FleetConfiguration) -> Void = { _ in }
  ) async -> FleetResult {
    var configuration = FleetConfiguration(behaviour)
    configuration.deviceCount = 100
    configuration.serverRate = 100
    configure(&configuration)
    // On a thread of its own: a run takes seconds, and other tests want those of the pool.
    return await withCheckedContinuation { continuation in
      Thread.detachNewThread { [configuration] in continuation.resume(returning: FleetSimulation.run(configuration)) }
    }
  }

  @Test("Everything is delivered, at a peak of a few times what the server bears, in less than twice the shortest time")
  func paced() async throws {
    let result = await Self.run(.paced)
    #expect(result.deliveredCount == 10_000)
    #expect(result.peak < 400)
    #expect(result.requestCount < 20_000)
    #expect(try #require(result.drainTime) < .seconds(200))
  }

  @Test("A naive fleet peaks twenty times as high and takes twice as long")
  func naive() async throws {
    let (naive, paced) = (await Self.run(.naive), await Self.run(.paced))
    #expect(naive.peak > 20 * paced.peak)
    let (slow, quick) = (try #require(naive.drainTime), try #require(paced.drainTime))
    #expect(slow > quick * 2)
  }

  @Test("Without the spread the first second is worse")
  func spread() async {
    func first(_ share: Double) async -> Int {
      await Self.run(.paced) {
        $0.queue.recovery.spreadShare = share
        $0.timeMaximum = .seconds(2)
      }.requestsPerSecond.first ?? 0
    }
    let (without, with) = (await first(0), await first(0.1))
    #expect(without > 2 * with)
  }

  @Test("The same seed gives the same seconds, and another one others")
  func replay() async {
    let short: (inout FleetConfiguration) -> Void = { $0.timeMaximum = .seconds(20) }
    let first = await Self.run(.paced, short).requestsPerSecond
    let again = await Self.run(.paced, short).requestsPerSecond
    #expect(again == first)
    let other = await Self.run(.paced) {
      short(&$0)
      $0.seed = 2
    }.requestsPerSecond
    #expect(other != first)
  }
}
