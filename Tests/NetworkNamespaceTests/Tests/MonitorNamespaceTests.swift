import Testing

/// The whole monitor, with system source and TCP probe, and real interfaces behind a bridge.
@Suite(.serialized, .timeLimit(.minutes(2))) struct MonitorNamespaceTests {
  static let probeMilliseconds = 1_000
  /// The probe's own time limit, in `network-watch`.
  static let probeTimeoutMilliseconds = 500

  @Test("a lost link is offline as soon as the kernel says so; what only the probe can see, within its interval")
  func story() async throws {
    try await NetworkNamespace.with(3) { namespaces in
      let (inside, bridge, peer) = (namespaces[0], namespaces[1], namespaces[2])
      try await inside.connect("out0", to: bridge, "port0")
      try await peer.connect("in0", to: bridge, "port1")
      for line in [
        "link add br0 type bridge", "link set port0 master br0", "link set port1 master br0", "link set up dev port0",
        "link set up dev port1", "link set up dev br0",
      ] { try await bridge.ip(line) }
      try await peer.ip("address add 10.77.0.1/24 dev in0")
      try await peer.ip("link set up dev in0")
      try await inside.ip("address add 10.77.0.2/24 dev out0")
      try await inside.ip("link set up dev out0")
      try await inside.ip("route add default via 10.77.0.1")
      var upstream = try Watcher(in: peer, "listen 10.77.0.1 9000")
      _ = try await upstream.next { $0.listening == true }

      // The kernel takes up to a second to say that new links are up.
      let settled = try Watcher(in: inside, "path")
      _ = try await settled.next(reach: "routed")
      settled.stop()

      let watcher = try Watcher(in: inside, "monitor 10.77.0.1 9000 \(Self.probeMilliseconds)")
      defer { watcher.stop() }
      let interval = Self.probeMilliseconds + Self.probeTimeoutMilliseconds
      func expect(
        _ condition: String, _ event: String, within limit: Int, _ location: SourceLocation = #_sourceLocation,
        after change: () async throws -> Void
      ) async throws {
        let start = uptimeMilliseconds()
        try await change()
        let report = try await watcher.next(condition: condition)
        let milliseconds = report.uptimeMilliseconds - start
        print("| \(event) | \(condition) | \(milliseconds) ms | \(report.evidence?.first ?? "") |")
        #expect(milliseconds < limit, "\(event)", sourceLocation: location)
      }

      _ = try await watcher.next(condition: "online")
      let link = NetlinkNamespaceTests.limitMilliseconds
      try await expect("offline", "cable pulled", within: link) { try await bridge.ip("link set down dev port0") }
      try await expect("online", "cable back", within: link + interval) {
        try await bridge.ip("link set up dev port0")
      }
      try await expect("offline", "interface switched off", within: link) {
        try await inside.ip("link set down dev out0")
      }
      try await expect("online", "interface on: a neighbour needs no default route", within: link + interval) {
        try await inside.ip("link set up dev out0")
      }
      try await inside.ip("route add default via 10.77.0.1")
      try await expect("limited", "upstream stopped", within: interval) { upstream.stop() }
      try await expect("online", "upstream back", within: interval) {
        upstream = try Watcher(in: peer, "listen 10.77.0.1 9000")
        _ = try await upstream.next { $0.listening == true }
      }
      try await expect("limited", "peer gone behind the bridge", within: interval + 200) {
        try await peer.ip("link set down dev in0")
      }
      try await expect("online", "peer back behind the bridge", within: 2 * interval + 500) {
        try await peer.ip("link set up dev in0")
      }
      upstream.stop()
    }
  }

  @Test("an upstream at an address of this machine itself stays online when the cable is out")
  func ownAddress() async throws {
    try await NetworkNamespace.with(2) { namespaces in
      let (inside, peer) = (namespaces[0], namespaces[1])
      try await inside.connect("out0", to: peer, "in0")
      try await peer.ip("link set up dev in0")
      try await inside.ip("address add 10.77.0.2/24 dev out0")
      try await inside.ip("link set up dev out0")
      try await inside.ip("route add default via 10.77.0.1")
      let upstream = try Watcher(in: inside, "listen 10.77.0.2 9000")
      defer { upstream.stop() }
      _ = try await upstream.next { $0.listening == true }
      let settled = try Watcher(in: inside, "path")
      _ = try await settled.next(reach: "routed")
      settled.stop()
      let watcher = try Watcher(in: inside, "monitor 10.77.0.2 9000 500")
      defer { watcher.stop() }
      _ = try await watcher.next(condition: "online")
      let start = uptimeMilliseconds()
      try await peer.ip("link set down dev in0")
      let back = try await watcher.next { report in
        report.condition == "online" && report.evidence?.contains { $0.hasPrefix("system offline") } == true
      }
      #expect(back.uptimeMilliseconds - start < 10_000)
    }
  }

  @Test("without a probe the system decides alone")
  func withoutProbe() async throws {
    try await NetworkNamespace.with(2) { namespaces in
      let (inside, peer) = (namespaces[0], namespaces[1])
      try await inside.connect("out0", to: peer, "in0")
      try await peer.ip("link set up dev in0")
      let watcher = try Watcher(in: inside, "monitor")
      defer { watcher.stop() }
      _ = try await watcher.next(condition: "offline")
      try await inside.ip("address add 10.77.0.2/24 dev out0")
      try await inside.ip("link set up dev out0")
      _ = try await watcher.next(condition: "limited")
      let start = uptimeMilliseconds()
      try await inside.ip("route add default via 10.77.0.1")
      #expect(
        try await watcher.next(condition: "online").uptimeMilliseconds - start < NetlinkNamespaceTests.limitMilliseconds
      )
    }
  }
}
