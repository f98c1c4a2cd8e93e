import ExampleUpstream
import HTTPDelivery
import Testing
import TomboloPorts
import TomboloTesting

@Suite("HTTPDelivery: answers")
struct HTTPDeliveryAnswerTests {
  @Test(
    "Each status leads to the outcome of the table",
    arguments: [
      (200, "delivered"), (201, "delivered"), (202, "delivered"), (204, "delivered"), (299, "delivered"),
      (300, "reject refused"), (301, "reject refused"), (302, "reject refused"), (304, "reject refused"),
      (308, "reject refused"),
      (400, "reject refused"), (401, "suspend unauthorized"), (402, "reject refused"), (403, "suspend unauthorized"),
      (404, "reject refused"), (405, "reject refused"), (408, "retry upstreamFailed"), (409, "conflict"),
      (410, "reject refused"), (412, "conflict"), (413, "reject refused"), (415, "reject refused"),
      (422, "reject refused"), (425, "retry upstreamFailed"), (428, "reject refused"), (429, "retry throttled"),
      (431, "reject refused"), (451, "reject refused"),
      (500, "retry upstreamFailed"), (501, "retry upstreamFailed"), (502, "retry upstreamFailed"),
      (503, "retry upstreamFailed"), (504, "retry upstreamFailed"), (511, "retry upstreamFailed"),
      (599, "retry upstreamFailed"),
    ])
  func statusTable(status: Int, expected: String) async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [UpstreamBehaviour(status: status)]
      let outcome = try await harness.deliver()
      #expect(outcome.label == expected)
      #expect(outcome.message.contains("\(status)") || expected == "delivered")
      #expect(harness.memory.summary.requests == 1)
    }
  }

  @Test(
    "A Retry-After in seconds or as a date is waited for, garbage is ignored",
    arguments: [429, 503],
    [
      ("120", Duration.seconds(120)), ("0", .zero), (" 7 ", .seconds(7)),
      ("Sun, 06 Nov 1994 08:50:07 GMT", .seconds(30)), ("Sunday, 06-Nov-94 08:50:07 GMT", .seconds(30)),
      ("Sun Nov  6 08:50:07 1994", .seconds(30)), ("Sun, 06 Nov 1994 08:00:00 GMT", .zero),
      ("-5", nil), ("soon", nil), ("1.5", nil), ("", nil), ("Sun, 31 Feb 1994 08:50:07 GMT", nil),
    ] as [(String, Duration?)])
  func retryAfter(status: Int, field: (String, Duration?)) async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [UpstreamBehaviour(status: status, headers: ["Retry-After": field.0])]
      let outcome = try await harness.deliver()
      #expect(outcome.pause == field.1)
    }
  }

  @Test("A refusal of credentials suspends the upstream for the configured pause")
  func unauthorizedPause() async throws {
    try await DeliveryHarness.run(configure: { $0.unauthorizedPause = .seconds(7) }) { harness in
      harness.memory.behaviours = [UpstreamBehaviour(status: 401)]
      let outcome = try await harness.deliver()
      #expect(outcome.pause == .seconds(7))
    }
  }

  @Test("A conflict carries the remote version: tag, time, stamp and payload")
  func conflict() async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [
        UpstreamBehaviour(
          status: 409,
          headers: [
            "ETag": #""v7""#, "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT", "Content-Type": "application/json",
            "tombolo-written": "784111777000-3-till-7",
          ], body: #"{"amount":7}"#)
      ]
      let remote = try #require(try await harness.deliver().remote)
      #expect(remote.tag == #""v7""#)
      #expect(remote.modifiedAt == FixedTime.standard)
      #expect(remote.written?.description == "784111777000-3-till-7")
      #expect(remote.payload == Array(#"{"amount":7}"#.utf8))
      #expect(remote.detail.hasPrefix("the upstream answered 409 Conflict"))
    }
  }

  @Test("A page about a conflict is not taken for the remote version")
  func conflictPage() async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [
        UpstreamBehaviour(status: 412, headers: ["Content-Type": "application/problem+json"], body: #"{"title":"no"}"#)
      ]
      let remote = try #require(try await harness.deliver().remote)
      #expect(remote.payload == nil)
      #expect(remote.detail.contains(#"{"title":"no"}"#))
    }
  }

  @Test("A remote version beyond the limit is left out whole, never cut, and the next delivery works")
  func largeConflict() async throws {
    try await DeliveryHarness.run(configure: { $0.responseBytesMaximum = 1_024 }) { harness in
      let body = String(repeating: "x", count: 1_025)
      harness.memory.behaviours = [UpstreamBehaviour(status: 409, times: 1, body: body)]
      let remote = try #require(try await harness.deliver().remote)
      #expect(remote.payload == nil)
      #expect(remote.detail.contains("too large"))
      harness.memory.behaviours = [UpstreamBehaviour(status: 409, times: 1, body: String(body.dropLast()))]
      #expect(try await harness.deliver().remote?.payload?.count == 1_024)
      #expect(try await harness.deliver().label == "delivered")
    }
  }

  @Test(
    "A temporary redirect to another host is taken for a network's sign-in page, not for the upstream's word",
    arguments: [
      (302, "http://login.example/", "retry unreachable"), (303, "//login.example/", "retry unreachable"),
      (307, "https://127.0.0.1/", "retry unreachable"), (307, "http://127.0.0.1.example/", "retry unreachable"),
      (301, "http://login.example/", "reject refused"), (302, "/elsewhere", "reject refused"),
    ])
  func redirect(status: Int, location: String, expected: String) async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [UpstreamBehaviour(status: status, headers: ["Location": location])]
      let outcome = try await harness.deliver()
      #expect(outcome.label == expected)
      #expect(harness.memory.summary.requests == 1)
    }
  }

  @Test("A redirect to the upstream itself is refused and not followed")
  func redirectWithin() async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [
        UpstreamBehaviour(status: 307, headers: ["Location": "http://127.0.0.1:\(harness.port)/elsewhere"])
      ]
      let outcome = try await harness.deliver()
      #expect(outcome.label == "reject refused")
      #expect(outcome.message.contains("redirects are not followed"))
      #expect(harness.memory.summary.requests == 1)
    }
  }

  @Test("A message hides the credentials that an operation brings, with and without their scheme")
  func ownCredentials() async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [
        UpstreamBehaviour(
          status: 400, headers: ["Content-Type": "text/plain"], body: "no s3cret-token, no Bearer s3cret-token")
      ]
      let header = OperationHeader(name: "Authorization", value: "Bearer s3cret-token")
      let outcome = try await harness.deliver(.sample(headers: [header]))
      #expect(!outcome.message.contains("s3cret"), "\(outcome.message)")
      #expect(outcome.message.contains("[hidden]"))
    }
  }

  @Test("A message quotes the beginning of a text, in one line, without payload and secrets")
  func message() async throws {
    try await DeliveryHarness.run(configure: { $0.bearerToken = "s3cret-token" }) { harness in
      let body = "out of\r\n\u{1B}[31mmemory at s3cret-token for {\"amount\":42} " + String(repeating: "x", count: 300)
      harness.memory.behaviours = [
        UpstreamBehaviour(status: 500, headers: ["Content-Type": "text/plain; charset=utf-8"], body: body)
      ]
      let message = try await harness.deliver().message
      #expect(
        message.hasPrefix(
          "the upstream answered 500 Internal Server Error: out of [31mmemory at [hidden] for [payload] xxx"))
      #expect(message.hasSuffix("x…"))
      #expect(message.count < 260)
    }
  }

  @Test("A body that is no text is not quoted")
  func binaryMessage() async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [
        UpstreamBehaviour(status: 500, headers: ["Content-Type": "application/octet-stream"], body: "abc")
      ]
      let outcome = try await harness.deliver()
      #expect(outcome.message == "the upstream answered 500 Internal Server Error")
    }
  }
}
