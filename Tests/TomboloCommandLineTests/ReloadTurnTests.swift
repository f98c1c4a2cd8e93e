import Testing
import TomboloAgent

@testable import TomboloProgram

@Suite("One reload at a time")
struct ReloadTurnTests {
  private static let done = AgentReload(changed: [], needsRestart: [])

  @Test("Another one meanwhile is refused as busy; afterwards the turn is free again, also after a failure")
  func alone() async throws {
    let turn = ReloadTurn()
    let refusal = try await turn.take {
      await #expect(throws: AgentReloadError.self) { try await turn.take {} }
    }
    #expect(refusal?.isBusy == true)
    await #expect(throws: CancellationError.self) { try await turn.take { throw CancellationError() } }
    #expect(try await turn.take { 7 } == 7)
  }

  @Test("A signal that meets another reload tries again, and no other failure is tried again")
  func insists() async throws {
    var (tries, pauses) = (0, 0)
    let reload = try await ReloadTurn.insist(pausing: { pauses += 1 }) {
      tries += 1
      if tries < 3 { throw AgentReloadError(isBusy: true, "busy") }
      return Self.done
    }
    #expect(reload == Self.done)
    #expect(tries == 3)
    #expect(pauses == 2)
    await #expect(throws: AgentReloadError("bad")) {
      try await ReloadTurn.insist(pausing: { pauses += 1 }) { throw AgentReloadError("bad") }
    }
    #expect(pauses == 2)
  }

  @Test("It gives up after a number of tries")
  func bounded() async throws {
    var tries = 0
    let error = await #expect(throws: AgentReloadError.self) {
      try await ReloadTurn.insist(pausing: {}) {
        tries += 1
        throw AgentReloadError(isBusy: true, "busy")
      }
    }
    #expect(error?.isBusy == true)
    #expect(tries == ReloadTurn.triesMaximum)
  }
}
