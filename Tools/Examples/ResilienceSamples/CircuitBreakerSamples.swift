import TomboloResilience

/// The code of the guide about circuit breakers.
enum CircuitBreakerSamples {
  static func run(_ client: Upstream) async throws {
    let environment = ResilienceEnvironment()
    let invoices = try ResiliencePipeline("invoices", environment: environment) {
      CircuitBreaking(
        "billing",
        CircuitBreakerConfiguration(failureRatio: 0.5, window: .time(.seconds(30)), slowCallDuration: .seconds(5)))
    }
    print(try await invoices.run { _ in try await client.invoice(7) })

    let breaker = environment.circuitBreaker("billing")
    breaker?.isolate()  // maintenance: nothing goes out
    breaker?.close()  // and goes on, with an empty window
    if let states = breaker?.states {
      for await state in states {
        print("billing is \(state)")
        if state == .closed { break }
      }
    }

    let hosts = KeyedCircuitBreakers<String, ContinuousClock>(keyMaximum: 200) { CircuitBreaker($0) }
    print(try await hosts.breaker(for: "api.example.com").call { try await client.invoice(8) })
  }
}
