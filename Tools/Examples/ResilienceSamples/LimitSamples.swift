import TomboloResilience

/// The code of the guides about bulkheads, adaptive limits and rate limits.
enum LimitSamples {
  static func run(_ client: Upstream) async throws {
    let reports = try ResiliencePipeline("reports") {
      Bulkhead("reports", limit: 10, queueMaximum: 50)
    }
    print(try await reports.run(priority: .background) { _ in try await client.invoice(1) })

    let search = try ResiliencePipeline("search") {
      AdaptiveLimiting("search", maximum: 200, slowCallDuration: .seconds(1))
      AttemptTimeout(.seconds(3))
    }
    print(try await search.run { _ in try await client.invoice(2) })

    let geocoder = try ResiliencePipeline("geocoder") {
      RateLimiting("geocoder", RateLimit(10, per: .seconds(1)), waitMaximum: .seconds(2))
    }
    print(try await geocoder.run { _ in try await client.locate("1 Tidal Road") })
  }
}
