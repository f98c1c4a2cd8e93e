import Foundation
import NIOHTTP1
import Testing
import TomboloAgent
import TomboloNetwork
import TomboloPorts
import TomboloQueue

@Suite("Whom the agent answers")
struct AccessTests {
  @Test(
    "On loopback a request must name this machine and the port",
    arguments: [
      ("127.0.0.1:PORT", true), ("localhost:PORT", true), ("LOCALHOST:PORT", true), ("[::1]:PORT", true),
      ("agent.example", true), ("agent.example:8443", true), ("127.0.0.1", false), ("127.0.0.1:1", false),
      ("localhost", false), ("evil.example:PORT", false), ("localhost.evil.example:PORT", false),
      ("127.0.0.1.evil.example:PORT", false), ("192.0.2.7:PORT", false), ("", false), (nil, false),
      ("localhost:PORT:PORT", false), ("[::1:PORT", false), ("user@localhost:PORT", false),
    ])
  func hosts(host: String?, isAnswered: Bool) async throws {
    try await AgentWorld.run(configuration: AgentServerConfiguration(hostNames: ["Agent.example"])) { world in
      let fields = host.map { ["Host: \($0.replacingOccurrences(of: "PORT", with: "\(world.port)"))"] } ?? []
      for path in ["/v1/status", "/healthz"] {
        let answer = try await world.sendRaw("GET \(path) HTTP/1.1", fields: fields)
        #expect(answer.hasPrefix("HTTP/1.1 \(isAnswered ? "200" : "421") "), "\(answer)")
        if !isAnswered { #expect(answer.contains(#""code":"foreignHost""#)) }
      }
    }
  }

  @Test(
    "On every address, a request must name an address, this machine, or a name that was configured",
    arguments: [
      ("192.0.2.7:80", true), ("[2001:db8::7]", true), ("localhost:1", true), ("agent.example", true),
      ("evil.example", false), ("192.0.2.7.evil.example", false), ("999.0.2.7", false),
    ])
  func wildcard(host: String, isAnswered: Bool) async throws {
    let configuration = AgentServerConfiguration(
      address: .tcp(host: "0.0.0.0", port: 0), bearerToken: "secret", hostNames: ["agent.example"])
    try await AgentWorld.run(configuration: configuration) { world in
      let answer = try await world.sendRaw(
        "GET /v1/status HTTP/1.1", fields: ["Host: \(host)", "Authorization: Bearer secret"])
      #expect(answer.hasPrefix("HTTP/1.1 \(isAnswered ? "200" : "421") "))
    }
  }

  static let writes: [(HTTPMethod, String, String?)] = [
    (.POST, "/v1/operations", #"{"kind":"k"}"#), (.POST, "/v1/operations/\(OperationsTests.unknown)/retry", nil),
    (.DELETE, "/v1/operations/\(OperationsTests.unknown)", nil), (.PUT, "/v1/network", #"{"override":"offline"}"#),
  ]

  @Test(
    "Writes from a page of another origin are refused",
    arguments: [
      ("Origin", "http://evil.example"), ("Origin", "null"), ("Origin", "http://127.0.0.1:1"),
      ("Origin", "http://localhost:PORT"), ("Origin", "https://evil.example:PORT"), ("Origin", ""),
      ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Site", "new-value"),
    ])
  func foreignOrigins(name: String, value: String) async throws {
    try await AgentWorld.run { world in
      for (method, path, body) in Self.writes {
        let value = value.replacingOccurrences(of: "PORT", with: "\(world.port)")
        let answer = try await world.send(method, path, body, fields: [name: value])
        #expect(answer.status == 403)
        #expect(try answer.problem().code == "foreignOrigin")
      }
      #expect(try await world.queue.status().pending == 0)
      #expect(world.network.status.isOnline)
      // Reading is left to the browser, which hands the answer to no page of another origin.
      let read = try await world.send(.GET, "/v1/status", fields: [name: value])
      #expect(read.status == 200 && read.fields["Access-Control-Allow-Origin"].isEmpty)
    }
  }

  @Test("Writes from its own origin are answered")
  func ownOrigin() async throws {
    try await AgentWorld.run { world in
      let origin = "http://127.0.0.1:\(world.port)"
      for fields: HTTPHeaders in [
        ["Origin": origin], ["Sec-Fetch-Site": "same-origin", "Origin": origin], ["Sec-Fetch-Site": "none"],
      ] {
        let status = try await world.send(.POST, "/v1/operations", #"{"kind":"k"}"#, fields: fields).status
        #expect(status == 202)
      }
    }
  }

  @Test("A form that a page sends is no JSON, even when its browser hides the origin")
  func forms() async throws {
    try await AgentWorld.run { world in
      for fields: HTTPHeaders in [["Referer": "http://evil.example/"], ["Sec-Fetch-Site": "none"]] {
        var fields = fields
        fields.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        let status = try await world.send(.POST, "/v1/operations", #"{"kind":"k"}"#, fields: fields).status
        #expect(status == 415)
      }
    }
  }

  @Test(
    "With a token everything but the health is refused without it",
    arguments: [
      nil, "", "Bearer", "Bearer ", "Bearer secre", "Bearer secret2", "Bearer SECRET", "Basic secret", "secret",
      "Bearer  secret",
    ])
  func wrongTokens(field: String?) async throws {
    try await AgentWorld.run(configuration: AgentServerConfiguration(bearerToken: "secret")) { world in
      let fields: HTTPHeaders = field.map { ["Authorization": $0] } ?? [:]
      let reads: [(HTTPMethod, String, String?)] = [
        (.GET, "/v1/status", nil), (.GET, "/metrics", nil), (.GET, "/v1/operations", nil), (.GET, "/nothing", nil),
      ]
      for (method, path, body) in Self.writes + reads {
        let answer = try await world.send(method, path, body, fields: fields)
        #expect(answer.status == 401)
        #expect(answer.fields.first(name: "WWW-Authenticate") == "Bearer")
        #expect(try answer.problem().code == "unauthorized")
        #expect(!answer.body.contains("secret"))
      }
      #expect(try await world.send(.GET, "/healthz", fields: fields).status == 200)
    }
  }

  @Test("With the token requests are answered, however the scheme is written", arguments: ["Bearer", "bearer"])
  func rightToken(scheme: String) async throws {
    try await AgentWorld.run(configuration: AgentServerConfiguration(bearerToken: "secret")) { world in
      let answer = try await world.send(
        .POST, "/v1/operations", #"{"kind":"k"}"#, fields: ["Authorization": "\(scheme) secret"])
      #expect(answer.status == 202)
    }
  }
}
