#if HTTP
  import HTTPProbe
  import Testing
  import TomboloPorts
  import TomboloTesting

  @Suite(.timeLimit(.minutes(5))) struct HTTPProbeTests {
    /// The driver takes it for its own limit of connecting as well, and that runs in real time.
    private static let timeout = Duration.seconds(60)

    /// Asks a server that answers `answer` once. The clock stands still: no time limit ends it on a busy machine.
    private func check(
      _ answer: String, expectStatus: Int? = nil, expectBody: String? = nil
    ) async throws -> (result: ProbeResult, url: String) {
      let server = try HTTPProbeServer(answer: answer)
      let probe = HTTPProbe(
        url: server.url, timeout: Self.timeout, expectStatus: expectStatus, expectBody: expectBody,
        time: ManualTimeSource())
      let result = await probe.check()
      try await probe.close()
      server.stop()
      return (result, server.url)
    }

    @Test(
      "what is answered decides",
      arguments: [
        ("200 OK", NetworkStatus.Condition.online, "answered 200"),
        ("204 No Content", .online, "answered 204"),
        ("401 Unauthorized", .online, "answered 401"),
        ("404 Not Found", .online, "answered 404"),
        ("302 Found", .portal, "answered 302, a redirect"),
        ("511 Network Authentication Required", .portal, "answered 511: the network asks for a sign-in"),
        ("503 Service Unavailable", .limited, "answered 503"),
      ])
    func status(line: String, condition: NetworkStatus.Condition, detail: String) async throws {
      let (result, url) = try await check("HTTP/1.1 \(line)\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
      #expect(result == ProbeResult(condition, detail: "\(url) \(detail)"))
    }

    @Test(
      "an expected status is the only one that counts",
      arguments: [
        ("200 OK", NetworkStatus.Condition.portal), ("204 No Content", .online), ("404 Not Found", .portal),
        ("503 Service Unavailable", .limited),
      ])
    func expectedStatus(line: String, condition: NetworkStatus.Condition) async throws {
      let answer = "HTTP/1.1 \(line)\r\n\(line.hasPrefix("204") ? "" : "Content-Length: 0\r\n")\r\n"
      #expect(try await check(answer, expectStatus: 204).result.condition == condition)
    }

    @Test(
      "a body that is not the expected one is a portal's",
      arguments: [("{\"status\":\"ok\"}", NetworkStatus.Condition.online), ("<html>Welcome</html>", .portal)])
    func body(body: String, condition: NetworkStatus.Condition) async throws {
      let answer = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
      #expect(try await check(answer, expectBody: "\"ok\"").result.condition == condition)
    }

    @Test(
      "an answer without the expected field is a portal's",
      arguments: [
        ("X-Service", NetworkStatus.Condition.online), ("x-service: ORDERS", .online), ("X-Service: billing", .portal),
        ("X-Other", .portal),
      ])
    func header(expected: String, condition: NetworkStatus.Condition) async throws {
      let server = try HTTPProbeServer(
        answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Service: first\r\nX-Service: orders\r\n\r\n")
      let probe = HTTPProbe(
        url: server.url, timeout: Self.timeout, expectHeader: expected, time: ManualTimeSource())
      let result = await probe.check()
      try await probe.close()
      server.stop()
      #expect(result.condition == condition)
      if condition == .portal { #expect(result.detail == "\(server.url) answered without the field \(expected)") }
    }

    @Test("an expected field that no answer can have is refused with the config", arguments: ["", ": x", "a b"])
    func impossibleHeader(text: String) {
      let options = PluginOptions(path: "network.probe", values: ["expectHeader": .string(text)])
      #expect(HTTPProbePlugin.problems(in: options).count == 1)
    }

    @Test("a closed port is limited at once, and says that it refused")
    func refused() async throws {
      let reserved = try ReservedPort()
      defer { withExtendedLifetime(reserved) {} }
      let url = "http://127.0.0.1:\(reserved.number)/health"
      // The clock stands still: no time limit helps the answer along.
      let probe = HTTPProbe(url: url, timeout: Self.timeout, time: ManualTimeSource())
      #expect(await probe.check() == ProbeResult(.limited, detail: "connection refused by \(url)"))
      try await probe.close()
    }

    @Test("a server that closes without an answer is limited")
    func closes() async throws {
      let (result, url) = try await check("")
      #expect(result == ProbeResult(.limited, detail: "\(url) closed the connection without an answer"))
    }

    @Test("a server that is silent is limited when the time limit passes, on the probe's own clock")
    func silent() async throws {
      let server = try HTTPProbeServer(answer: nil)
      let time = ManualTimeSource()
      let probe = HTTPProbe(url: server.url, timeout: Self.timeout, time: time)
      async let result = probe.check()
      await time.waitForSleepers()
      time.advance(by: Self.timeout)
      #expect(await result == ProbeResult(.limited, detail: "no answer from \(server.url) within 60.0 seconds"))
      try await probe.close()
      server.stop()
    }

    @Test("closing twice is no error, and a closed probe answers that it is closed")
    func closing() async throws {
      let probe = HTTPProbe(url: "http://127.0.0.1:9")
      try await probe.close()
      try await probe.close()
      #expect(await probe.check() == ProbeResult(.limited, detail: "the probe of http://127.0.0.1:9 is closed"))
    }

    @Test(
      "credentials and queries are not shown",
      arguments: [
        ("http://a.example:9000/health", "GET http://a.example:9000/health"),
        ("https://user:secret@a.example/health?token=secret#x", "GET https://a.example/health"),
        ("https://a.example/@me", "GET https://a.example/@me"),
      ])
    func target(url: String, target: String) async throws {
      let probe = HTTPProbe(url: url)
      #expect(probe.target == target)
      try await probe.close()
    }

    @Test(
      "a loopback host and a socket in the file system are on this machine, nothing else for certain",
      arguments: [
        ("http://localhost:9000/health", true), ("https://127.0.0.1", true), ("http://user:secret@[::1]:9000/", true),
        ("http+unix://%2Frun%2Fa.sock/health", true), ("unix:///run/a.sock", true), ("unix:/run/a.sock", true),
        ("health", false), ("http://a.example/@localhost", false),
        ("http://localhost@a.example/", false), ("http://[2001:db8::1]:9000/", false), ("https://10.0.0.1", false),
      ])
    func onThisMachine(url: String, expected: Bool) async throws {
      let probe = HTTPProbe(url: url)
      #expect(probe.isOnThisMachine == expected)
      try await probe.close()
    }

    @Test("the plugin makes a probe from its section")
    func plugin() async throws {
      let server = try HTTPProbeServer(answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      var values: [String: OptionValue] = [
        "url": .string(server.url), "expectStatus": .integer(204), "timeout": .duration(Self.timeout),
      ]
      for option in HTTPProbePlugin.options { values[option.name] = values[option.name] ?? option.defaultValue }
      let probe = try await HTTPProbePlugin.make(
        PluginOptions(path: "network.probe", values: values),
        in: PluginContext(time: ManualTimeSource(), warn: { _ in }))
      #expect(await probe.check() == ProbeResult(.portal, detail: "\(server.url) answered 200 instead of 204"))
      let closable = try #require(probe as? any Closable)
      try await closable.close()
      server.stop()
    }
  }
#endif
