import GRPCDelivery
import GRPCUpstream
import Testing
import TomboloPorts
import TomboloTesting

@Suite("GRPCDelivery: an upstream that dies", .serialized)
struct GRPCDeliveryCrashTests {
  @Test("Killed in the middle of a call: unreachable at once, and delivered with the same key when it is back")
  func killedInTheMiddle() async throws {
    // Nobody else is given the port while the upstream is away.
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    let port = reserved.number
    let first = try await UpstreamProcess(port: port, isSilent: true)
    var configuration = GRPCDeliveryConfiguration(baseURL: "http://127.0.0.1:\(port)")
    configuration.timeout = .seconds(120)
    configuration.connectTimeout = .seconds(20)
    let delivery = try GRPCDelivery(configuration)
    async let outcome = delivery.deliver(.sample(idempotencyKey: "once"), attempt: DeliveryAttempt(number: 1))
    #expect(await first.nextCall() == "call once 1")
    first.kill()
    let broken = try await outcome
    #expect(broken.label == "retry unreachable", "\(broken.message)")

    // The driver's own backoff is a second at least, and we do not wait for it: of some rounds one shows that, whatever else the
    // machine does meanwhile.
    let backoffMinimum = Duration.milliseconds(800)
    var quickest = Duration.seconds(60)
    for round in 1...10 where quickest >= backoffMinimum {
      // While it is away every call says so at once.
      let away = try await delivery.deliver(
        .sample(idempotencyKey: "once"), attempt: DeliveryAttempt(number: 2 * round))
      #expect(away.label == "retry unreachable")

      let next = try await UpstreamProcess(port: port)
      let start = ContinuousClock.now
      let back = try await delivery.deliver(
        .sample(idempotencyKey: "once"), attempt: DeliveryAttempt(number: 2 * round + 1))
      quickest = min(quickest, ContinuousClock.now - start)
      #expect(back.label == "delivered")
      #expect(await next.nextCall() == "call once \(2 * round + 1)")
      next.kill()
    }
    #expect(quickest < backoffMinimum)
    try await delivery.close()
  }

  @Test("Killed again and again under load: every delivery ends, and each is delivered in the end")
  func killedUnderLoad() async throws {
    // Nobody else is given the port while the upstream is away.
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    let port = reserved.number
    var process = try await UpstreamProcess(port: port)
    var configuration = GRPCDeliveryConfiguration(baseURL: "http://127.0.0.1:\(port)")
    configuration.timeout = .seconds(120)
    let delivery = try GRPCDelivery(configuration)
    for round in 0..<3 {
      async let outcomes = withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<50 {
          group.addTask {
            var attempt = 1
            while true {
              let outcome = try await delivery.deliver(
                .sample(idempotencyKey: "\(round)-\(number)"), attempt: DeliveryAttempt(number: attempt))
              if outcome.label == "delivered" { return outcome.label }
              guard outcome.label == "retry unreachable" else { return outcome.label }
              attempt += 1
              await Task.yield()
            }
          }
        }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      _ = await process.nextCall()
      process.kill()
      process = try await UpstreamProcess(port: port)
      let labels = try await outcomes
      #expect(labels == ["delivered"])
    }
    try await delivery.close()
    process.kill()
  }
}
