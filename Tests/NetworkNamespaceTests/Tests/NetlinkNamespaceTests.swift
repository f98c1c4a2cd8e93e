import Foundation
import Testing

/// The system source and real interfaces. Needs root, for the namespaces; without it these tests fail.
@Suite(.serialized, .timeLimit(.minutes(10))) struct NetlinkNamespaceTests {
  /// Within this the system source tells of a change. The kernel holds back the loss of a carrier for up to a second when any
  /// link changed just before (net/core/link_watch.c), as all do here; the source looks at the carrier in between.
  static let limitMilliseconds = 1_000

  private var limit: Int { Self.limitMilliseconds }

  @Test("each change of link, address and default route is told within a second, for IPv4")
  func ipv4() async throws {
    try await NetworkNamespace.withCable { inside, peer in
      let watcher = try Watcher(in: inside, "path")
      defer { watcher.stop() }
      #expect(try await watcher.next { _ in true }.reach == "none", "the present state comes first")

      let addressed = try await watcher.expect("local", "interface up, address added", within: limit) {
        try await inside.addAddress()
      }
      #expect(addressed.interfaces == ["out0 virtual 4"])
      let routed = try await watcher.expect("routed", "default route added", within: limit) {
        try await inside.addDefaultRoute()
      }
      #expect(routed.interfaces == ["out0 virtual 4 out"])
      try await watcher.expect("none", "cable pulled (peer down)", within: limit) {
        try await peer.switchOff("in0")
      }
      try await watcher.expect("routed", "cable back", within: limit) { try await peer.switchOn("in0") }
      try await watcher.expect("local", "default route removed", within: limit) {
        try await inside.ip("route del default")
      }
      try await watcher.expect("routed", "default route back", within: limit) {
        try await inside.ip("route add default dev out0")
      }
      try await watcher.expect("local", "default route replaced by a blackhole", within: limit) {
        try await inside.ip("route replace blackhole default")
      }
      try await watcher.expect("routed", "blackhole replaced by a route", within: limit) {
        try await inside.ip("route replace default via 10.77.0.1")
      }
      try await watcher.expect("none", "interface switched off", within: limit) {
        try await inside.switchOff("out0")
      }
      try await watcher.expect("local", "interface on again, its routes gone", within: limit) {
        try await inside.switchOn("out0")
      }
      try await watcher.expect("routed", "default route back", within: limit) {
        try await inside.addDefaultRoute()
      }
      try await watcher.expect("none", "address removed", within: limit) {
        try await inside.ip("address del 10.77.0.2/24 dev out0")
      }
    }
  }

  @Test(
    "a pulled cable is told before the kernel does, and its return too, even when the kernel has not told of either")
  func carrier() async throws {
    try await NetworkNamespace.withCable { inside, peer in
      try await inside.addAddress()
      try await inside.addDefaultRoute()
      let watcher = try Watcher(in: inside, "path")
      defer { watcher.stop() }
      let plain = try Watcher(in: inside, "news")
      defer { plain.stop() }
      _ = try await watcher.next(reach: "routed")
      _ = try await plain.next(reach: "routed")
      for round in 1...5 {
        let start = uptimeMilliseconds()
        try await peer.switchOff("in0")
        let told = try await watcher.next(reach: "none").uptimeMilliseconds - start
        let kernel = try await plain.next(reach: "none").uptimeMilliseconds - start
        print("| cable pulled, looked at, round \(round) | none | \(told) ms |")
        print("| cable pulled, from the kernel's news alone, round \(round) | none | \(kernel) ms |")
        watcher.expect(told, "cable pulled, looked at, round \(round)", within: 500)
        try await peer.switchOn("in0")
        _ = try await watcher.next(reach: "routed")
        _ = try await plain.next(reach: "routed")
      }
      // Out and in again before the kernel tells of anything: the last state is right.
      try await peer.switchOff("in0")
      _ = try await watcher.next(reach: "none")
      try await peer.switchOn("in0")
      _ = try await watcher.next(reach: "routed")
    }
  }

  @Test("a network with IPv6 alone counts like any other, and an address on trial does not")
  func ipv6() async throws {
    try await NetworkNamespace.withCable { inside, peer in
      try await inside.switchOn("out0")
      let watcher = try Watcher(in: inside, "path")
      defer { watcher.stop() }
      #expect(try await watcher.next { _ in true }.reach == "none", "a link-local address is no way out")
      let addressed = try await watcher.expect("local", "IPv6 address added", within: limit) {
        try await inside.ip("address add fd77::2/64 dev out0 nodad")
      }
      #expect(addressed.interfaces == ["out0 virtual 6"])
      try await watcher.expect("routed", "IPv6 default route added", within: limit) {
        try await inside.ip("route add default via fd77::1")
      }
      try await watcher.expect("none", "cable pulled, IPv6", within: limit) { try await peer.switchOff("in0") }
      try await watcher.expect("routed", "cable back, IPv6", within: limit) { try await peer.switchOn("in0") }
      try await watcher.expect("local", "IPv6 default route unreachable", within: limit) {
        try await inside.ip("route del default via fd77::1")
        try await inside.ip("route add unreachable default")
      }
      try await watcher.expect("none", "IPv6 address removed", within: limit) {
        try await inside.ip("address del fd77::2/64 dev out0")
      }
      try await inside.ip("address add fd77::3/64 dev out0")
      #expect(try await watcher.next(reach: "local").interfaces == ["out0 virtual 6"], "once it is not tentative")
    }
  }

  @Test("a storm that overflows the socket's buffer leaves the right state")
  func overflow() async throws {
    try await NetworkNamespace.withCable { inside, peer in
      try await inside.addAddress()
      let watcher = try Watcher(in: inside, "path 1")
      defer { watcher.stop() }
      _ = try await watcher.next(reach: "local")
      var storm: [String] = []
      for number in 1...2_000 {
        storm.append("address add 10.78.\(number / 250).\(number % 250 + 1)/32 dev out0")
      }
      for number in 1...2_000 {
        storm.append("address del 10.78.\(number / 250).\(number % 250 + 1)/32 dev out0")
      }
      storm.append("route add default via 10.77.0.1")
      try await inside.ip(batch: storm)
      let end = uptimeMilliseconds()
      let report = try await watcher.next(reach: "routed")
      print(
        "| 4,000 address changes, then a default route; tiny buffer | routed | \(report.uptimeMilliseconds - end) ms |")
      watcher.expect(report.uptimeMilliseconds - end, "default route after the storm", within: limit)
      try await watcher.expect("local", "afterwards: default route removed", within: limit) {
        try await inside.ip("route del default")
      }
    }
  }

  @Test("a source that was cancelled leaves neither descriptor nor thread")
  func cycles() async throws {
    try await NetworkNamespace.with(1) { namespaces in
      let once = try Watcher(in: namespaces[0], "cycles 1")
      let first = try await once.next { _ in true }
      let often = try Watcher(in: namespaces[0], "cycles 200")
      let last = try await often.next { _ in true }
      #expect(first.sourceThreads == 0 && last.sourceThreads == 0)
      // One that each cycle left behind would be two hundred; a timer of the runtime's, made when it is first needed, is no leak.
      #expect((last.descriptors ?? .max) < (first.descriptors ?? 0) + 50)
      // How many threads Swift and the system have for themselves depends on how busy the machine is: they count only roughly.
      #expect((last.threads ?? .max) < 100, "of 200 cycles")
    }
  }

  @Test("without descriptors it cannot know and says so once, and finds its way back when there are some")
  func starved() async throws {
    try await NetworkNamespace.with(1) { namespaces in
      let watcher = try Watcher(in: namespaces[0], "starved")
      defer { watcher.stop() }
      let report = try await watcher.next { _ in true }
      #expect(report.unknown == "cannot make a pipe: Too many open files")
      #expect(try await watcher.next { _ in true }.reach == "none")
    }
  }
}
