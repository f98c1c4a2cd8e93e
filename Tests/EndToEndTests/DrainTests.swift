import Foundation
import Testing

@Suite("One pass by hand, and what is left of it", .serialized, .timeLimit(.minutes(15)))
struct DrainTests {
  @Test("`tombolo drain` delivers what can be delivered without an agent; the history tells of it")
  func drain() async throws {
    try await Scene.with("queue: { history: 1h, recovery: { spreadMaximum: 0s } }") { scene in
      let upstream = try await scene.startUpstream()
      for number in 0..<3 {
        #expect(try await scene.tombolo("enqueue", "--kind", "k\(number)", "--data", "\(number)").status == 0)
      }
      let paused = try await scene.tombolo("pause", "--kind", "k2", "--reason", "not yet")
      #expect(paused.status == 0 && paused.output.contains("not yet"), "\(paused.errors)")
      let drained = try await scene.tombolo(["drain", "--within", "10m", "--json"] + Scene.patience)
      #expect(drained.status == 0, "\(drained.errors)")
      let answer = Web.Answer(status: 0, body: Data(drained.output.utf8))
      #expect(try answer.value("delivered", as: Int.self) == 2)
      #expect(try answer.value("reachedDeadline", as: Bool.self) == false)

      let history = try await scene.tombolo("history", "--state", "delivered", "--json")
      let page = Web.Answer(status: 0, body: Data(history.output.utf8))
      #expect(try page.value("operations", as: [Any].self).count == 2)
      let shown = try await scene.tombolo("show", try page.value("operations.0.id", as: String.self))
      #expect(shown.status == 0 && shown.output.contains("delivered"), "\(shown.errors)")

      #expect(try await scene.tombolo("resume", "--kind", "k2").output.contains("nothing is paused"))
      #expect(try await scene.tombolo(["drain"] + Scene.patience).output.contains("1 delivered"))
      await upstream.killAndWait()
    }
  }

  @Test("`--within` counts from the start of the command: what opening takes is not given again")
  func within() async throws {
    try await Scene.with { scene in
      let upstream = try await scene.startUpstream()
      #expect(try await scene.tombolo("enqueue", "--kind", "k").status == 0)
      // Over before the store is open.
      let drained = try await scene.tombolo("drain", "--within", "1ms", "--json")
      #expect(drained.status == 0, "\(drained.errors)")
      let answer = Web.Answer(status: 0, body: Data(drained.output.utf8))
      #expect(try answer.value("reachedDeadline", as: Bool.self) == true)
      #expect(try answer.value("attempted", as: Int.self) == 0)
      #expect(try await scene.tombolo("status").output.contains("1"))
      #expect(try await scene.tombolo(["drain"] + Scene.patience).output.contains("1 delivered"))
      await upstream.killAndWait()
    }
  }

  @Test("Without a network it says so and ends; beside a running agent it is refused")
  func refused() async throws {
    try await Scene.with { scene in
      #expect(try await scene.tombolo("enqueue", "--kind", "k").status == 0)
      let drained = try await scene.tombolo("drain")
      #expect(drained.status == 0 && drained.output.contains("1 unreachable"), "\(drained.output)\(drained.errors)")
      let agent = try await scene.startAgent()
      let refused = try await scene.tombolo("drain")
      #expect(refused.status == 1 && refused.errors.contains("delivers by itself"), "\(refused.errors)")
      await agent.program.killAndWait()
    }
  }
}
