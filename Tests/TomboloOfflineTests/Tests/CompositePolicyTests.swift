import Synchronization
import Testing
import TomboloPorts
import TomboloQueue
import TomboloResilience
import TomboloTesting

@testable import TomboloOffline

@Suite("Policies around the online half of a composite")
struct CompositePolicyTests {
  private let edit = SetCurrency(userID: "7", currency: "BTC")

  private func breaker() throws -> ResiliencePipeline<some BoundPolicy> {
    try ResiliencePipeline("preferences") {
      // Two failures open it, also after one success.
      CircuitBreaking(
        "preferences",
        CircuitBreakerConfiguration(failureRatio: 0.6, callCountMinimum: 2, openDuration: .seconds(3_600)))
    }
  }

  /// Whether the breaker let a further call through after these failures of two calls.
  private func isCalled(after failure: any Error, _ status: NetworkStatus.Condition = .online) async throws -> Bool {
    let device = try await TestDevice.open()
    device.network.set(status)
    let composite = try OfflineComposite(device.preferences, network: device.network, policies: breaker())
    for number in 0..<2 {
      do {
        _ = try await composite.read("\(number)") { throw failure }
        Issue.record("read")
      } catch is OfflineError {}
    }
    let calls = Atomic(0)
    do {
      _ = try await composite.read("7") {
        calls.add(1, ordering: .relaxed)
        return ServerCopy(Preferences(currency: "EUR"), version: 1)
      }
    } catch is OfflineError {}
    return calls.load(ordering: .relaxed) == 1
  }

  @Test("While the breaker is open the service is not called: reads give what is here, edits are queued and told why")
  func open() async throws {
    let device = try await TestDevice.open()
    let composite = try OfflineComposite(device.preferences, network: device.network, policies: breaker())
    // Not read through the breaker: half of its calls would have failed with the first failure.
    try await device.preferences.take(ServerCopy(Preferences(currency: "EUR"), version: 1), for: "7")
    for _ in 0..<2 {
      let snapshot = try await composite.read("7") { throw DeliveryFailure(.upstreamFailed, "500") }
      #expect((snapshot.failure as? DeliveryFailure)?.code == .upstreamFailed)
    }
    let snapshot = try await composite.read("7") { throw Unexpected("called") }
    #expect(snapshot.value?.currency == "EUR")
    #expect((snapshot.failure as? ResilienceError)?.code == .circuitOpen)
    let outcome = try await composite.write(edit) { _, _ in throw Unexpected("called") }
    guard case .queued(_, .failed(let error)) = outcome else { throw Unexpected("\(outcome)") }
    #expect((error as? ResilienceError)?.code == .circuitOpen)
    #expect(try await device.value()?.currency == "BTC")
  }

  @Test("A failure counts against the service, a refusal does not, nor that nobody answers while the network is away")
  func judged() async throws {
    #expect(try await !isCalled(after: DeliveryFailure(.unreachable, "refused")))
    #expect(try await isCalled(after: DeliveryFailure(.unreachable, "refused"), .limited))
    #expect(try await isCalled(after: DeliveryFailure(.refused, "404")))
    #expect(try await !isCalled(after: ClassifiedFailure(classification: .transient)))
    #expect(try await isCalled(after: ClassifiedFailure(classification: .permanent)))
  }

  @Test("A retry sends an edit again under its identity; what is final is not sent again, and comes out as it was")
  func retried() async throws {
    let device = try await TestDevice.open()
    let policies = try ResiliencePipeline("preferences") { Retry(attempts: 3, backoff: .constant(.zero)) }
    let composite = OfflineComposite(device.preferences, network: device.network, policies: policies)
    let sent = Mutex<[String]>([])
    let outcome = try await composite.write(edit) { _, id in
      if sent.withLock({ sent in
        sent.append(id)
        return sent.count < 3
      }) {
        throw DeliveryFailure(.timeout, "slow")
      }
      return nil
    }
    guard case .delivered(nil) = outcome else { throw Unexpected("\(outcome)") }
    #expect(sent.withLock { $0.count } == 3)
    #expect(sent.withLock { Set($0).count } == 1)
    let calls = Atomic(0)
    let error = await #expect(throws: OfflineError.self) {
      try await composite.write(edit) { _, _ in
        calls.add(1, ordering: .relaxed)
        throw DeliveryFailure(.refused, "404")
      }
    }
    #expect((error?.cause as? DeliveryFailure)?.code == .refused)
    #expect(calls.load(ordering: .relaxed) == 1)
  }
}
