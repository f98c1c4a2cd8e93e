import Foundation
import Testing

/// What a person does while the network is down arrives when it is back, whatever happens to the agent meanwhile. Separate
/// processes, real sockets, a real disk, real `kill -9`; for each engine, with nothing changed but one word of the config.
@Suite("Work survives an outage", .serialized)
struct OutageTests {
  static let priorities = ["critical", "high", "normal", "low", "background"]
  static let keyCount = 50
  static let perKeyCount = 10
  static var total: Int { keyCount * perKeyCount }

  /// What the upstream says it accepted, in order.
  struct Received: Decodable {
    struct Entry: Decodable {
      var kind: String
      var orderingKey: String?
      var idempotencyKey: String?
      var priority: String?
      var body: String?
    }
    var operations: [Entry]
  }

  @Test(
    "500 operations posted without an upstream all arrive after a kill -9: each key in its order, critical first",
    arguments: Engine.allCases)
  func killedWhileOffline(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      let first = try await scene.startAgent()
      let ids = try await post(to: first.url)
      #expect(Set(ids).count == Self.total)
      await first.program.killAndWait()

      // One at a time, so that what arrives first was begun first.
      let second = try await scene.startAgent(Scene.patience + ["--set", "queue.concurrency=1"])
      let waiting = try await Web.send("GET", second.url + "/v1/status")
      let states = ["pending", "delivering", "retrying", "blocked"]
      let present = try states.map { try waiting.value("queue.\($0)", as: Int.self) }.reduce(0, +)
      #expect(present == Self.total)

      let upstream = try await scene.startUpstream()
      try await expectAllDelivered(second.url)
      let received = try await received(scene)
      try expectComplete(received)
      let arrived = received.operations.compactMap(\.priority)
      let lastCritical = try #require(arrived.lastIndex(of: "critical"))
      let firstBackground = try #require(arrived.firstIndex(of: "background"))
      #expect(lastCritical < firstBackground)
      await second.program.killAndWait()
      await upstream.killAndWait()
    }
  }

  @Test(
    "a kill -9 in the middle of the delivery loses nothing, and every repeat can be recognised",
    arguments: Engine.allCases)
  func killedWhileDelivering(engine: Engine) async throws {
    try await Scene.with(engine: engine) { scene in
      let first = try await scene.startAgent(Scene.patience)
      _ = try await post(to: first.url)
      let upstream = try await scene.startUpstream()
      // It accepts slowly, and then not at all before the kill: however late that comes, it is in the middle.
      let slow = #"{"kind":"*","mode":"delay","milliseconds":5,"times":150},{"kind":"*","mode":"hang"}"#
      #expect(try await Web.send("PUT", scene.upstreamURL + "/behaviour", "[\(slow)]").status < 300)
      _ = try await Web.ask(scene.upstreamURL + "/summary") { try $0.value("accepted", as: Int.self) >= 100 }
      await first.program.killAndWait()
      let before: Int = try await Web.send("GET", scene.upstreamURL + "/summary").value("accepted")
      #expect(before < Self.total, "it was killed too late to say anything")
      #expect(try await Web.send("PUT", scene.upstreamURL + "/behaviour", "[]").status < 300)

      let second = try await scene.startAgent(Scene.patience)
      try await expectAllDelivered(second.url)
      try expectComplete(try await received(scene))
      let summary = try await Web.send("GET", scene.upstreamURL + "/summary")
      let (accepted, repeats): (Int, Int) = (try summary.value("accepted"), try summary.value("repeats"))
      #expect(accepted == Self.total)
      // At most what was in flight is delivered twice, and the upstream has recognised each of those.
      #expect(repeats <= 16)
      await second.program.killAndWait()
      await upstream.killAndWait()
    }
  }

  // MARK: - Steps

  /// Posts everything, the operations of one key one after the other, and answers with the identifiers.
  private func post(to url: String) async throws -> [String] {
    try await withThrowingTaskGroup(of: [String].self) { group in
      for key in 0..<Self.keyCount {
        group.addTask {
          var ids: [String] = []
          for number in 0..<Self.perKeyCount {
            let body = """
              {"kind":"note.add","orderingKey":"key/\(key)","priority":"\(Self.priorities[key % 5])",
               "payload":{"key":\(key),"number":\(number)}}
              """
            let answer = try await Web.send("POST", url + "/v1/operations", body)
            #expect(answer.status == 202)
            ids.append(try answer.value("id"))
          }
          return ids
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
  }

  private func expectAllDelivered(_ url: String) async throws {
    let status = try await Web.ask(url + "/v1/status") { try $0.value("queue.delivered", as: Int.self) == Self.total }
    #expect(try status.value("queue.delivered", as: Int.self) == Self.total)
    for state in ["pending", "delivering", "retrying", "blocked", "parked", "deadLettered"] {
      #expect(try status.value("queue.\(state)", as: Int.self) == 0, "\(state)")
    }
  }

  private func received(_ scene: Scene) async throws -> Received {
    let answer = try await Web.send("GET", scene.upstreamURL + "/received?limit=1000")
    return try JSONDecoder().decode(Received.self, from: answer.body)
  }

  private func expectComplete(_ received: Received) throws {
    #expect(received.operations.count == Self.total)
    #expect(Set(received.operations.compactMap(\.idempotencyKey)).count == Self.total)
    var numbers: [String: [Int]] = [:]
    for entry in received.operations {
      let key = try #require(entry.orderingKey)
      let body = try #require(entry.body)
      let object = try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Int])
      numbers[key, default: []].append(try #require(object["number"]))
    }
    #expect(numbers.count == Self.keyCount)
    for (key, order) in numbers { #expect(order == Array(0..<Self.perKeyCount), "\(key)") }
  }
}
