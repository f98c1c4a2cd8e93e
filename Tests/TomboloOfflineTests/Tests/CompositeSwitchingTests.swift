import Logging
import Synchronization
import Testing
import TomboloPorts
import TomboloTesting

@testable import TomboloNetwork
@testable import TomboloOffline

@Suite("A composite keeps the status that it follows fresh", .timeLimit(.minutes(10)))
struct CompositeSwitchingTests {
  @Test(
    "with no worker and no other observer, the monitor asks its probe while the composite runs, and writes go online")
  func observes() async throws {
    let device = try await TestDevice.open()
    let probe = CountingProbe()
    let (reports, report) = AsyncStream<NetworkPathReport>.makeStream()
    let monitor = NetworkMonitor(
      probe: probe, path: ReportedPath(reports: reports), time: device.time, logger: NamingDevice.quiet)
    let composite = OfflineComposite(device.preferences, network: monitor)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await monitor.run() }
      // No way out is known of, and still the service answers: it is on this machine.
      report.yield(.path(NetworkPath(reach: .none)))
      while monitor.status.condition != .offline { await Task.yield() }
      await expect(composite, user: "7", isSent: false)
      #expect(probe.count == 0)

      let running = Task { await composite.run() }
      while monitor.state.withLock({ $0.observerCount }) == 0 { await Task.yield() }
      while monitor.status.condition != .online { await Task.yield() }
      #expect(probe.count > 0)
      await expect(composite, user: "8", isSent: true)

      running.cancel()
      await running.value
      #expect(monitor.state.withLock { $0.observerCount } == 0)
      group.cancelAll()
    }
  }

  private func expect(_ composite: OfflineComposite<Preferences>, user: String, isSent: Bool) async {
    do {
      let outcome = try await composite.write(SetCurrency(userID: user, currency: "BTC")) { _, _ in nil }
      switch outcome {
      case .delivered: #expect(isSent)
      case .queued(_, .offline): #expect(!isSent)
      case .queued: Issue.record("queued for another reason: \(outcome)")
      }
    } catch {
      Issue.record("\(error)")
    }
  }
}

/// A service on this machine, which is always there.
private final class CountingProbe: ReachabilityProbe {
  private let asked = Mutex(0)
  var target: String { "this machine" }
  var isOnThisMachine: Bool { true }
  var count: Int { asked.withLock { $0 } }

  func check() async -> ProbeResult {
    asked.withLock { $0 += 1 }
    return ProbeResult(.online, detail: "it answers")
  }
}

private struct ReportedPath: NetworkPathSource {
  let reports: AsyncStream<NetworkPathReport>
  var name: String { "test" }

  func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async {
    for await next in reports { report(next) }
  }
}
