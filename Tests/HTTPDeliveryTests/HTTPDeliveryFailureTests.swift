import ExampleUpstream
import HTTPDelivery
import Hummingbird
import Testing
import TomboloPorts
import TomboloTesting

@Suite("HTTPDelivery: no answer")
struct HTTPDeliveryFailureTests {
  @Test("An upstream that never answers is a timeout, within the configured time", .timeLimit(.minutes(5)))
  func hang() async throws {
    try await DeliveryHarness.run(configure: { $0.timeout = .milliseconds(150) }) { harness in
      harness.memory.behaviours = [UpstreamBehaviour(.hang)]
      let outcome = try await harness.deliver()
      #expect(outcome.label == "retry timeout")
      #expect(
        outcome.message == "127.0.0.1:\(harness.port) did not answer within 150ms; it may or may not have acted")
    }
  }

  @Test("A connection that breaks before the answer is unreachable")
  func reset() async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [UpstreamBehaviour(.reset, times: 1)]
      let outcome = try await harness.deliver()
      #expect(outcome.label == "retry unreachable")
      #expect(outcome.message.contains("before it answered; it may or may not have acted"))
      #expect(try await harness.deliver(attempt: 2).label == "delivered")
    }
  }

  @Test("A connection that breaks after the upstream acted is recognised as a repeat when it is tried again")
  func acceptThenReset() async throws {
    try await DeliveryHarness.run { harness in
      harness.memory.behaviours = [UpstreamBehaviour(.acceptThenReset, times: 1)]
      let outcome = try await harness.deliver()
      #expect(outcome.label == "retry unreachable")
      #expect(try await harness.deliver(attempt: 2).label == "delivered")
      #expect(harness.memory.summary.accepted == 1)
      #expect(harness.memory.summary.repeats == 1)
      #expect(harness.memory.received().first?.attempt == 1)
    }
  }

  @Test("A refused connection is unreachable and says who refused it", .timeLimit(.minutes(5)))
  func refused() async throws {
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    let port = reserved.number
    for host in ["127.0.0.1", "localhost"] {
      let outcome = try await Self.deliverOnce("http://\(host):\(port)") {
        $0.timeout = .seconds(120)
        $0.connectTimeout = .seconds(60)
      }
      #expect(outcome.label == "retry unreachable")
      #expect(outcome.message == "connection refused by \(host):\(port)")
    }
  }

  @Test("Where nobody accepts a connection it is unreachable after the connect timeout", .timeLimit(.minutes(5)))
  func connectTimeout() async throws {
    let listener = try #require(FullListener())
    let outcome = try await Self.deliverOnce("http://127.0.0.1:\(listener.port)") {
      $0.timeout = .seconds(3_600)
      $0.connectTimeout = .milliseconds(100)
    }
    #expect(outcome.label == "retry unreachable")
    #expect(outcome.message == "no connection to 127.0.0.1:\(listener.port) came about in time")
  }

  @Test("A TLS handshake that hangs ends with the connect timeout", .timeLimit(.minutes(5)))
  func silentHandshake() async throws {
    let listener = try #require(SilentListener())
    var outcome = DeliveryOutcome.delivered
    var duration = Duration.seconds(3_600)
    // The driver's own limit is half a minute; a busy machine may hold up one of the rounds for as long.
    for _ in 1...5 where duration >= .seconds(25) {
      let start = ContinuousClock.now
      outcome = try await Self.deliverOnce("https://127.0.0.1:\(listener.port)") {
        $0.timeout = .seconds(3_600)
        $0.connectTimeout = .milliseconds(100)
      }
      duration = ContinuousClock.now - start
    }
    #expect(outcome.label == "retry unreachable")
    #expect(duration < .seconds(25))
    // Two of the driver's timers end at the same moment.
    let target = "127.0.0.1:\(listener.port)"
    let messages = [
      "no connection to \(target) came about in time", "the TLS handshake with \(target) did not end in time",
    ]
    #expect(messages.contains(outcome.message), "\(outcome.message)")
  }

  @Test("A name that does not resolve is unreachable", .timeLimit(.minutes(5)))
  func unknownName() async throws {
    let outcome = try await Self.deliverOnce("http://nobody.invalid:9000")
    #expect(outcome.label == "retry unreachable")
    #expect(outcome.message.contains("nobody.invalid"))
  }

  @Test("A TLS handshake with something that speaks no TLS is unreachable", .timeLimit(.minutes(5)))
  func noTLS() async throws {
    try await DeliveryHarness.run { harness in
      let outcome = try await Self.deliverOnce("https://127.0.0.1:\(harness.port)")
      #expect(outcome.label == "retry unreachable")
      #expect(outcome.message.count < 300)
    }
  }

  @Test("Success is told by the status, even when the body never ends", .timeLimit(.minutes(5)))
  func endlessBody() async throws {
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      responder: CallbackResponder { (_: Request, _: BasicRequestContext) in
        Response(
          status: .ok,
          body: ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "a"))
            try await ContinuousClock().sleep(for: .seconds(3_600))
            try await writer.finish(nil)
          })
      },
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await application.run() }
      for await port in ports {
        // It takes all of its time; on a busy machine the status may come late.
        let outcome = try await Self.deliverOnce("http://127.0.0.1:\(port)") {
          $0.timeout = .seconds(30)
          $0.connectTimeout = .seconds(20)
        }
        #expect(outcome.label == "delivered")
        break
      }
      group.cancelAll()
    }
  }

  @Test("Cancelling the task ends the request", .timeLimit(.minutes(5)))
  func cancellation() async throws {
    try await DeliveryHarness.run(configure: { $0.timeout = .seconds(3_600) }) { harness in
      harness.memory.behaviours = [UpstreamBehaviour(.hang)]
      await withThrowingTaskGroup(of: DeliveryOutcome.self) { group in
        group.addTask { try await harness.deliver() }
        for await event in harness.events where event.reaction == "hangs" { break }
        group.cancelAll()
        await #expect(throws: CancellationError.self) { try await group.next() }
      }
    }
  }

  @Test("A closed delivery puts operations off without an attempt, and closing twice is no error")
  func closed() async throws {
    let delivery = try HTTPDelivery(HTTPDeliveryConfiguration(baseURL: "http://127.0.0.1:9"))
    try await delivery.close()
    try await delivery.close()
    let outcome = try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: 1))
    #expect(outcome.label == "snooze unreachable")
  }

  @Test("One connection carries deliveries that follow each other, failures among them")
  func keepAlive() async throws {
    try await DeliveryHarness.run { harness in
      for number in 1...20 {
        if number % 5 == 0 { harness.memory.behaviours = [UpstreamBehaviour(status: 500, times: 1, body: "busy")] }
        _ = try await harness.deliver(.sample(idempotencyKey: "\(number)"))
      }
      #expect(harness.memory.summary.accepted == 16)
      #expect(Set(harness.memory.received().map(\.clientPort)).count == 1)
    }
  }

  private static func deliverOnce(
    _ baseURL: String, configure: (inout HTTPDeliveryConfiguration) -> Void = { _ in }
  ) async throws -> DeliveryOutcome {
    var configuration = HTTPDeliveryConfiguration(baseURL: baseURL)
    // That of connecting is to be over first, whatever holds up both.
    configuration.timeout = .seconds(120)
    configure(&configuration)
    let delivery = try HTTPDelivery(configuration)
    let result: Result<DeliveryOutcome, any Error>
    do {
      result = .success(try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: 1)))
    } catch { result = .failure(error) }
    try await delivery.close()
    return try result.get()
  }
}
