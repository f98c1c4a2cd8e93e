import Testing

/// The whole monitor, with system source and TCP probe, and real interfaces behind a bridge.
@Suite(.serialized, .timeLimit(.minutes(10))) struct MonitorNamespaceTests {
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
      try await peer.switchOn("in0")
      var upstream = try await peer.startUpstream()
      try await inside.addWayOut()

      let watcher = try Watcher(in: inside, "monitor \(NetworkNamespace.upstream) \(Self.probeMilliseconds)")
      defer { watcher.stop() }
      let interval = Self.probeMilliseconds + Self.probeTimeoutMilliseconds
      let link = NetlinkNamespaceTests.limitMilliseconds
      _ = try await watcher.next(condition: "online")
      try await watcher.expect("offline", "cable pulled", within: link) { try await bridge.switchOff("port0") }
      try await watcher.expect("online", "cable back", within: link + interval) { try await bridge.switchOn("port0") }
      try await watcher.expect("offline", "interface switched off", within: link) { try await inside.switchOff("out0") }
      try await watcher.expect(
        "online", "interface on: a neighbour needs no default route", within: link + interval
      ) {
        try await inside.switchOn("out0")
      }
      try await inside.addDefaultRoute()
      try await watcher.expect("limited", "upstream stopped", within: interval) { upstream.stop() }
      try await watcher.expect("online", "upstream back", within: interval) {
        upstream = try await peer.startUpstream()
      }
      try await watcher.expect("limited", "peer gone behind the bridge", within: interval + 200) {
        try await peer.switchOff("in0")
      }
      try await watcher.expect("online", "peer back behind the bridge", within: 2 * interval + 500) {
        try await peer.switchOn("in0")
      }
      upstream.stop()
    }
  }

  @Test("an upstream at an address of this machine itself stays online when the cable is out")
  func ownAddress() async throws {
    try await NetworkNamespace.withCable { inside, peer in
      try await inside.addWayOut()
      let upstream = try await inside.startUpstream(at: "10.77.0.2 9000")
      defer { upstream.stop() }
      let watcher = try Watcher(in: inside, "monitor 10.77.0.2 9000 500")
      defer { watcher.stop() }
      _ = try await watcher.next(condition: "online")
      let start = uptimeMilliseconds()
      try await peer.switchOff("in0")
      let back = try await watcher.next { report in
        report.condition == "online" && report.evidence?.contains { $0.hasPrefix("system offline") } == true
      }
      // Well before the minute after which a probe of another machine would be asked.
      #expect(back.uptimeMilliseconds - start < Watcher.patienceMilliseconds)
    }
  }

  @Test("without a probe the system decides alone")
  func withoutProbe() async throws {
    try await NetworkNamespace.withCable { inside, _ in
      let watcher = try Watcher(in: inside, "monitor")
      defer { watcher.stop() }
      let limit = NetlinkNamespaceTests.limitMilliseconds
      _ = try await watcher.next(condition: "offline")
      try await watcher.expect("limited", "without a probe: interface up with an address", within: limit) {
        try await inside.addAddress()
      }
      try await watcher.expect("online", "without a probe: default route added", within: limit) {
        try await inside.addDefaultRoute()
      }
    }
  }
}
