/// Two networks with a cable between them.
///
///     inside: out0 ──────── in0 :peer
///     10.77.0.2             10.77.0.1
extension NetworkNamespace {
  /// The upstream of these tests, at the peer, in the words of `network-watch`.
  static let upstream = "10.77.0.1 9000"

  /// Makes them for as long as `body` runs. The peer's end of the cable is up; addresses there are none yet.
  static func withCable(
    _ body: (_ inside: NetworkNamespace, _ peer: NetworkNamespace) async throws -> Void
  ) async throws {
    try await with(2) { namespaces in
      let (inside, peer) = (namespaces[0], namespaces[1])
      try await inside.connect("out0", to: peer, "in0")
      try await peer.switchOn("in0")
      try await body(inside, peer)
    }
  }

  func switchOn(_ interface: String) async throws { try await ip("link set up dev \(interface)") }
  func switchOff(_ interface: String) async throws { try await ip("link set down dev \(interface)") }

  /// Gives `out0` its address and switches it on.
  func addAddress() async throws {
    try await ip("address add 10.77.0.2/24 dev out0")
    try await switchOn("out0")
  }

  func addDefaultRoute() async throws { try await ip("route add default via 10.77.0.1") }

  /// Gives it an address and a default route, and waits until the system source says so: the kernel takes up to a second to
  /// say that new links are up.
  func addWayOut() async throws {
    try await addAddress()
    try await addDefaultRoute()
    let settled = try Watcher(in: self, "path")
    defer { settled.stop() }
    _ = try await settled.next(reach: "routed")
  }

  /// Starts the upstream of these tests, or one at another address; it listens when this returns.
  func startUpstream(at address: String = upstream) async throws -> Watcher {
    let upstream = try Watcher(in: self, "listen \(address)")
    _ = try await upstream.next { $0.listening == true }
    return upstream
  }
}
