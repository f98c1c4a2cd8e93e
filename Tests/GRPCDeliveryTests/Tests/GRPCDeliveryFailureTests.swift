import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCUpstream
import SwiftProtobuf
import Testing
import TomboloPorts
import TomboloTesting

@testable import GRPCDelivery

@Suite("GRPCDelivery: when there is no answer", .timeLimit(.minutes(5)))
struct GRPCDeliveryFailureTests {
  @Test("Nobody listening is unreachable, told in words that name the place")
  func refused() async throws {
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    let port = reserved.number
    var configuration = GRPCDeliveryConfiguration(baseURL: "http://127.0.0.1:\(port)")
    // No limit helps the refusal along.
    configuration.timeout = .seconds(120)
    configuration.connectTimeout = .seconds(60)
    let delivery = try GRPCDelivery(configuration)
    let outcome = try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: 1))
    #expect(outcome.label == "retry unreachable")
    #expect(outcome.message.contains("127.0.0.1:\(port)"))
    #expect(outcome.message.lowercased().contains("refused"))
    try await delivery.close()
  }

  @Test("A call whose client another call has given up takes the next one")
  func givenUpBeside() async throws {
    try await DeliveryHarness.run(body: { harness in
      let connection = UpstreamConnection(
        try UpstreamAddress("http://127.0.0.1:\(harness.port)"), security: .plaintext, connectTimeout: .seconds(60))
      let running = try connection.client()
      connection.giveUp(running.client)
      let isAnswered = try await connection.unary(
        on: running, ClientRequest(message: [UInt8]("note".utf8)),
        MethodDescriptor(fullyQualifiedService: "notes.v1.Notes", method: "Put"), .defaults, RawSerializer(),
        RawDeserializer()
      ) { _ in true }
      #expect(isAnswered)
      // A delivery that is closed makes no further one.
      let last = try connection.client()
      await connection.close()
      await #expect(throws: CallFailure.self) {
        try await connection.unary(
          on: last, ClientRequest(message: [UInt8]("note".utf8)),
          MethodDescriptor(fullyQualifiedService: "notes.v1.Notes", method: "Put"), .defaults, RawSerializer(),
          RawDeserializer()
        ) { _ in true }
      }
    })
  }

  @Test("A name that does not exist is unreachable")
  func unknownHost() async throws {
    var configuration = GRPCDeliveryConfiguration(baseURL: "http://does-not-exist.invalid:50051")
    // Longer than it takes to find out that nobody knows the name.
    configuration.timeout = .seconds(120)
    let delivery = try GRPCDelivery(configuration)
    let outcome = try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: 1))
    #expect(outcome.label == "retry unreachable")
    try await delivery.close()
  }

  @Test("Where nobody accepts a connection it is unreachable after the connect timeout", .timeLimit(.minutes(5)))
  func connectTimeout() async throws {
    let listener = try #require(FullListener())
    var configuration = GRPCDeliveryConfiguration(baseURL: "http://127.0.0.1:\(listener.port)")
    configuration.timeout = .seconds(3_600)
    configuration.connectTimeout = .milliseconds(100)
    let delivery = try GRPCDelivery(configuration)
    // The second one connects anew.
    for number in 1...2 {
      var outcome = try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: number))
      let message = "no answer from 127.0.0.1:\(listener.port): it did not accept a connection in time"
      // Who was held up for a second finds the driver's next attempt under way, which has no reason yet.
      for _ in 1...20 where outcome.message != message {
        outcome = try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: number))
      }
      #expect(outcome.label == "retry unreachable")
      #expect(outcome.message == message)
    }
    try await delivery.close()
  }

  @Test(
    "Where the connection is accepted and then nobody speaks it is unreachable after the connect timeout, with TLS and without",
    .timeLimit(.minutes(5)),
    arguments: [
      ("http", "it accepted a connection, but did not speak HTTP/2 in time"),
      ("https", "the TLS handshake did not end in time"),
    ])
  func silentConnection(scheme: String, reason: String) async throws {
    let listener = try #require(SilentListener())
    var configuration = GRPCDeliveryConfiguration(baseURL: "\(scheme)://127.0.0.1:\(listener.port)")
    configuration.timeout = .seconds(3_600)
    // Time for the driver to notice that the connection is there, on a busy machine as well.
    configuration.connectTimeout = .seconds(2)
    let delivery = try GRPCDelivery(configuration)
    // The second one connects anew.
    for number in 1...2 {
      var outcome = try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: number))
      // The limit was over before the driver could notice the connection: it was held up for as long. Or who called was, and finds the
      // driver's next attempt under way, which has no reason yet.
      for _ in 1...20 where !outcome.message.hasSuffix(reason) {
        outcome = try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: number))
      }
      #expect(outcome.label == "retry unreachable")
      #expect(outcome.message == "no answer from 127.0.0.1:\(listener.port): \(reason)")
    }
    try await delivery.close()
  }

  @Test("A connection that came about outlives the connect timeout", .timeLimit(.minutes(5)))
  func connectionStays() async throws {
    try await DeliveryHarness.run {
      $0.connectTimeout = .milliseconds(300)
      $0.timeout = .milliseconds(1_500)
    } body: { harness in
      // On a busy machine it may need more than one attempt.
      while try await harness.deliver().label != "delivered" {}
      // To every call: one that passed its limit before may come late.
      harness.service.alwaysAnswer(.silence)
      #expect(try await harness.deliver().label == "retry timeout")
    }
  }

  @Test("An upstream that does not answer in time may have acted")
  func timeout() async throws {
    try await DeliveryHarness.run {
      $0.timeout = .milliseconds(1_500)
    } body: { harness in
      // The connection is there when the limit begins to run; on a busy machine it may need more than one attempt.
      while try await harness.deliver().label != "delivered" {}
      // To every call: one that passed its limit before may come late.
      harness.service.alwaysAnswer(.silence)
      let outcome = try await harness.deliver()
      #expect(outcome.label == "retry timeout")
      #expect(outcome.message.contains("1.5 s"))
      #expect(outcome.message.contains("may or may not have acted"))
      // The upstream was told the deadline.
      #expect(harness.service.received.last?.text("grpc-timeout") != nil)
      // And the upstream is served again; on a busy machine a call or two may pass the limit before that.
      harness.service.alwaysAnswer(.delivered)
      while try await harness.deliver().label != "delivered" {}
    }
  }

  @Test("Cancelling the task ends the call, and what comes out is a cancellation")
  func cancellation() async throws {
    try await DeliveryHarness.run { harness in
      harness.service.answer(.silence)
      let delivery = harness.delivery
      let call = Task { try await delivery.deliver(.sample(), attempt: DeliveryAttempt(number: 1)) }
      var calls = harness.calls.makeAsyncIterator()
      _ = await calls.next()
      call.cancel()
      await #expect(throws: CancellationError.self) { try await call.value }
      let again = try await harness.deliver()
      #expect(again.label == "delivered")
    }
  }

  @Test("After close deliveries are put off, and closing again is no error")
  func closed() async throws {
    try await DeliveryHarness.run { harness in
      #expect(try await harness.deliver().label == "delivered")
      try await harness.delivery.close()
      try await harness.delivery.close()
      #expect(try await harness.deliver().label == "snooze unreachable")
    }
  }

  @Test("Closing while a delivery is under way ends it, and returns")
  func closeUnderWay() async throws {
    try await DeliveryHarness.run { harness in
      harness.service.answer(.silence)
      let delivery = harness.delivery
      async let outcome = delivery.deliver(.sample(), attempt: DeliveryAttempt(number: 1))
      var calls = harness.calls.makeAsyncIterator()
      _ = await calls.next()
      try await delivery.close()
      let label = try await outcome.label
      #expect(["retry unreachable", "retry upstreamFailed"].contains(label))
    }
  }

  @Test("An answer that is too large is no delivery")
  func largeAnswer() async throws {
    try await DeliveryHarness.run {
      $0.responseBytesMaximum = 1_024
    } body: { harness in
      harness.service.answer(
        .response(.with { $0.conflict = .with { $0.payload = .init(repeating: 7, count: 100_000) } }))
      let outcome = try await harness.deliver()
      #expect(outcome.label == "retry upstreamFailed")
      #expect(outcome.message.contains("1024"))
      // The limit is one of answers, not of payloads.
      let large = try await harness.deliver(.sample(payload: String(repeating: "x", count: 100_000)))
      #expect(large.label == "delivered")
    }
  }

  @Test("Many deliveries at once share the connection and are all answered")
  func concurrency() async throws {
    try await DeliveryHarness.run { harness in
      let delivery = harness.delivery
      let labels = try await withThrowingTaskGroup(of: String.self) { group in
        // As many as HTTP/2 lets be open at once: what waits for a place beyond that meets, in debug builds, an assertion of the transport
        // about streams that end before they were noted as open.
        for number in 0..<100 {
          group.addTask {
            try await delivery.deliver(
              .sample(idempotencyKey: "key-\(number)"), attempt: DeliveryAttempt(number: 1)
            ).label
          }
        }
        return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
      #expect(labels == ["delivered": 100])
      #expect(Set(harness.service.received.compactMap { $0.text("idempotency-key") }).count == 100)
    }
  }
}
