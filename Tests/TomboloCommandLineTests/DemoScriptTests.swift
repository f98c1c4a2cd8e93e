import ExampleUpstream
import Testing
import TomboloPorts

@testable import TomboloProgram

@Suite("The demo itself")
struct DemoScriptTests {
  @Test("loses nothing, keeps every order, and refuses one operation, with a real server, store and restart")
  func plays() async throws {
    var pace = DemoPace.fast
    pace.onlineDuration = .milliseconds(300)
    // Long enough for a busy machine to notice the outage, and to store what arrived just before it, before that is counted.
    pace.outageDuration = .seconds(15)
    pace.outageDurationAfterRestart = .seconds(2)
    pace.enqueueInterval = .milliseconds(20)
    // It ends as soon as nothing waits; a busy machine may need long for that.
    pace.recoveryDurationMaximum = .seconds(300)
    let board = DemoBoard()
    let report = try await DemoScript(pace: pace, board: board).run()

    #expect(report.problems == [])
    #expect(report.check.deadLettered.count == 1)
    #expect(report.check.repeatCount >= 1)
    #expect(report.storedBeforeRestart > 0 && report.storedBeforeRestart == report.storedAfterRestart)
    #expect(report.measurements.limitedAt != nil && report.measurements.recoveryWords != nil)
    #expect(board.state.phase == .check)
    #expect(report.lines(width: 80).allSatisfy { $0.count <= 80 })
  }

  @Test("has its upstream wait for a port that another program has for a while, and tells it once")
  func portTaken() async throws {
    var toldCount = 0
    try await DemoUpstream().serve { other, port in
      let servedPort = try await DemoUpstream().serveAgain(
        port: port, time: SystemTimeSource(),
        whenTaken: {
          toldCount += 1
          await other.stop()
        }, body: { _, servedPort in servedPort })
      #expect(servedPort == port)
    }
    #expect(toldCount == 1)
  }

  @Test("leaves no folder behind when it is cancelled")
  func cancelled() async throws {
    let folder = try DemoFolder()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await #expect(throws: CancellationError.self) {
          try await withClosing(folder) { _ in try await ContinuousClock().sleep(for: .seconds(60)) }
        }
      }
      group.cancelAll()
    }
    #expect(!folder.exists)
  }
}
