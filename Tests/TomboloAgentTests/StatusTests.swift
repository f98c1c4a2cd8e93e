import NIOHTTP1
import Testing
import TomboloAgent
import TomboloNetwork
import TomboloPorts
import TomboloQueue
import TomboloTesting

@Suite("Status, network, health and metrics")
struct StatusTests {
  @Test("The status has the keys that scripts read, whatever there is")
  func status() async throws {
    try await AgentWorld.run { world in
      let since = world.time.now
      let empty = try await world.send(.GET, "/v1/status")
      #expect(
        empty.body == #"""
          {"network":{"since":"\#(since)","sources":[],"status":"online"},\#
          "queue":{"blocked":0,"bytes":0,"deadLettered":0,"delivered":0,"delivering":0,"discarded":0,"expired":0,\#
          "oldestPendingSeconds":null,"parked":0,"pending":0,"retrying":0,"superseded":0},\#
          "resilience":null,"storage":{"path":null,"type":"memory"}}
          """#)
      try await world.enqueue(#"{"kind":"k","payload":12345}"#)
      world.time.advance(by: .milliseconds(2_500))
      let queue = try await world.send(.GET, "/v1/status").decoded(WireStatus.self).queue
      #expect(queue.pending == 1 && queue.bytes == 5 && queue.oldestPendingSeconds == 2.5)
    }
  }

  @Test("A clock that was set back makes no negative age")
  func clockSetBack() async throws {
    try await AgentWorld.run { world in
      try await world.enqueue(#"{"kind":"k"}"#)
      world.time.setWallClock(world.time.now.advanced(by: .seconds(-60)))
      let status = try await world.send(.GET, "/v1/status").decoded(WireStatus.self)
      #expect(status.queue.oldestPendingSeconds == 0)
    }
  }

  @Test("The network is overridden by hand, and given back")
  func network() async throws {
    try await AgentWorld.run { world in
      for (body, condition) in [
        (#"{"override":"offline"}"#, "offline"), (#"{ "override" : "online" }"#, "online"),
        (#"{"override":"offline"}"#, "offline"), (#"{"override":null}"#, "online"),
      ] {
        let answer = try await world.send(.PUT, "/v1/network", body)
        #expect(answer.status == 200)
        #expect(try answer.decoded(WireNetworkStatus.self).status == condition)
        #expect(world.network.status.condition.rawValue == condition)
        let sources = try answer.decoded(WireNetworkStatus.self).sources.map(\.source)
        #expect(sources == (body.contains("null") ? [] : ["override"]))
      }
    }
  }

  @Test(
    "Any other override is refused, and changes nothing",
    arguments: [
      (#"{"override":"limited"}"#, "override"), (#"{"override":true}"#, "override"), ("{}", "override"),
      (#"{"Override":"offline"}"#, "Override"), (#"{"override":"offline","override":null}"#, "override"),
      (#"{"override":"offline"} x"#, nil), ("offline", nil), ("", nil), (#"["offline"]"#, nil),
    ])
  func overrides(body: String, field: String?) async throws {
    try await AgentWorld.run { world in
      let answer = try await world.send(.PUT, "/v1/network", body)
      #expect(answer.status == 400)
      #expect(try answer.problem().field == field)
      #expect(world.network.status.isOnline)
    }
  }

  @Test("The agent says that it lives, even when its store does not")
  func health() async throws {
    try await AgentWorld.run { world in
      try await world.store.close()
      let answer = try await world.send(.GET, "/healthz")
      #expect(answer.status == 200 && answer.body == #"{"status":"ok"}"#)
      #expect(try await world.send(.GET, "/v1/status").problem().code == "stopping")
    }
  }

  @Test("The metrics are text that Prometheus reads")
  func metrics() async throws {
    try await AgentWorld.run { world in
      try await world.enqueue(#"{"kind":"k"}"#)
      try await world.enqueue(#"{"kind":"k"}"#)
      try await world.worker.drain()
      try await world.enqueue(#"{"kind":"k","payload":123}"#)
      #expect(try await world.send(.PUT, "/v1/network", #"{"override":"offline"}"#).status == 200)
      let answer = try await world.send(.GET, "/metrics")
      #expect(answer.status == 200)
      #expect(answer.fields.first(name: "Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
      let lines = answer.body.split(separator: "\n").map(String.init)
      for expected in [
        #"tombolo_operations{state="pending"} 1"#, #"tombolo_operations{state="deadLettered"} 0"#,
        #"tombolo_operations_settled_total{outcome="delivered"} 2"#, "tombolo_queue_payload_bytes 3",
        "tombolo_oldest_pending_seconds 0.0", "tombolo_delivery_attempts_total 2",
        #"tombolo_network_status{status="offline"} 1"#, #"tombolo_network_status{status="online"} 0"#,
        "process_start_time_seconds 1790000000.0", "# TYPE tombolo_operations gauge",
      ] { #expect(lines.contains(expected), "\(expected)") }
      // Each family is declared once, before its values.
      let declared = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
      #expect(Set(declared).count == declared.count)
      for line in lines where !line.hasPrefix("#") {
        #expect(declared.contains(line.prefix { $0 != "{" && $0 != " " }), "\(line)")
      }
      #expect(answer.body.hasSuffix("\n"))
    }
  }
}
