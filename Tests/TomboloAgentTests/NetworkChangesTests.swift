import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing
import TomboloAgent
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite("The network, live", .timeLimit(.minutes(5)))
struct NetworkChangesTests {
  /// The lines of `GET /v1/network/changes`.
  private func changes(_ world: AgentWorld) async throws -> HTTPClientResponse.Body.AsyncIterator {
    let response = try await AgentWorld.client.execute(
      HTTPClientRequest(url: world.base + "/v1/network/changes"), deadline: .distantFuture)
    #expect(response.status == .ok)
    #expect(response.headers.first(name: "Content-Type") == "application/x-ndjson")
    return response.body.makeAsyncIterator()
  }

  /// The next line; `nil` at the end.
  private func next(_ lines: inout HTTPClientResponse.Body.AsyncIterator) async throws -> WireNetworkStatus? {
    guard let part = try await lines.next() else { return nil }
    return try JSONDecoder().decode(WireNetworkStatus.self, from: Data(part.readableBytesView))
  }

  @Test("The network is told on its own, with what says so")
  func present() async throws {
    try await AgentWorld.run { world in
      world.network.setOverride(.offline)
      let answer = try await world.send(.GET, "/v1/network")
      let status = try answer.decoded(WireNetworkStatus.self)
      #expect(status.status == "offline" && status.sources.map(\.source) == ["override"])
      #expect(status.interfaces == nil && status.upstreams == nil && status.metered == nil)
    }
  }

  @Test("The present status comes first, then every change, and it is repeated now and then")
  func follows() async throws {
    try await AgentWorld.run { world in
      var lines = try await changes(world)
      #expect(try await next(&lines)?.status == "online")
      for condition in [NetworkStatus.Condition.offline, .portal, .limited] {
        world.network.setOverride(condition)
        #expect(try await next(&lines)?.status == condition.rawValue)
      }
      await world.time.waitForSleepers()
      world.time.advance(by: .seconds(15))
      #expect(try await next(&lines)?.status == "limited")
    }
    // Leaving stops the agent gracefully: nobody who follows holds that up.
  }

  @Test("Who follows hears the end when the agent stops")
  func stops() async throws {
    try await AgentWorld.run { world in
      var lines = try await changes(world)
      _ = try await next(&lines)
      await world.stop()
      #expect(try await next(&lines) == nil)
      #expect(world.network.status.isOnline)
    }
  }
}
