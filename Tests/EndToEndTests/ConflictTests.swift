import Foundation
import Testing

/// An edit that meets other versions upstream, with what it was made on handed in over HTTP or on the command line.
@Suite("A conflict is merged field by field with the base that came with the operation", .serialized)
struct ConflictTests {
  private static let merging = """
    queue:
      conflict: { type: fields }
    """

  /// Two others change the city, one after the other, while the name is changed here.
  private static let others = ["y", "z"].map { city in
    #"{"status":412,"times":1,"headers":{"ETag":"\#(city)"},"body":"{\"city\":\"\#(city)\",\"name\":\"a\"}"}"#
  }.joined(separator: ",")

  private static let base = #"{"city":"x","name":"a"}"#
  private static let edit = #"{"city":"x","name":"b"}"#

  enum Entrance: String, CaseIterable, Sendable { case http, commandLine }

  @Test(
    "what others changed is kept and so is the edit, also when yet another version comes up meanwhile",
    arguments: Entrance.allCases)
  func merge(entrance: Entrance) async throws {
    try await Scene.with(Self.merging) { scene in
      let upstream = try await scene.startUpstream()
      #expect(try await Web.send("PUT", scene.upstreamURL + "/behaviour", "[\(Self.others)]").status < 300)
      let agent = try await scene.startAgent()
      switch entrance {
      case .http:
        let body = #"{"kind":"people.set","payload":\#(Self.edit),"base":\#(Self.base)}"#
        #expect(try await Web.send("POST", agent.url + "/v1/operations", body).status == 202)
      case .commandLine:
        let file = scene.folder.appending(path: "base.json")
        try Self.base.write(to: file, atomically: true, encoding: .utf8)
        let added = try await scene.tombolo(
          "enqueue", "--kind", "people.set", "--data", Self.edit, "--base", "@\(file.path)")
        #expect(added.status == 0, "\(added.errors)")
      }
      let status = try await Web.ask(agent.url + "/v1/status") { status in
        try status.value("queue.delivered", as: Int.self) + status.value("queue.parked", as: Int.self) == 1
      }
      #expect(try status.value("queue.delivered", as: Int.self) == 1, "\(String(decoding: status.body, as: UTF8.self))")
      let received = try await Web.send("GET", scene.upstreamURL + "/received")
      #expect(try received.value("operations.0.body", as: String.self) == #"{"city":"z","name":"b"}"#)
      await agent.program.killAndWait()
      await upstream.killAndWait()
    }
  }
}
