import Foundation
import Synchronization

/// An agent and its upstream on two machines with a bridge between them, in network namespaces of their own. Linux and root.
///
///     inside: out0 ──── port0 :bridge: port1 ──── in0 :peer
///     10.77.0.2                                   10.77.0.1
///
/// Or without the bridge, where milliseconds count: the kernel opens a bridge's port up to a second after the cable is in.
struct CableScene {
  private static let counter = Atomic(0)
  static let ip = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
  static let upstreamURL = "http://10.77.0.1:9000"

  let inside: String
  let bridge: String
  let peer: String
  let folder: URL
  let configuration: URL
  /// The agent's HTTP interface: a socket in the file system is the same in every namespace.
  let agentURL: String
  let isBridged: Bool

  /// - Parameter network: the section `network` of the agent's config.
  static func with(
    network: String, isBridged: Bool = true, _ body: (CableScene) async throws -> Void
  ) async throws {
    let number = counter.add(1, ordering: .relaxed).newValue
    let names = ["inside", "bridge", "peer"].map { "tombolo-e2e-\(getpid())-\(number)-\($0)" }
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-cable-\(getpid())-\(number)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let socket = folder.appending(path: "agent.sock").path
    let scene = CableScene(
      inside: names[0], bridge: names[1], peer: names[2], folder: folder,
      configuration: folder.appending(path: "tombolo.yaml"),
      agentURL: "http+unix://" + socket.replacingOccurrences(of: "/", with: "%2F"), isBridged: isBridged)
    try """
    agent:
      listen: "unix:\(socket)"
    storage:
      type: sqlite
      path: \(folder.appending(path: "data").path)
    network:
    \(network)
    delivery:
      type: http
      baseURL: \(upstreamURL)
      timeout: 2s
    """.write(to: scene.configuration, atomically: true, encoding: .utf8)
    let result: Result<Void, any Error>
    do {
      try await scene.build()
      try await body(scene)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    // What went wrong first is told first: without a scene, a namespace may be missing as well.
    var deletion: Result<Void, any Error> = .success(())
    for name in names {
      do { try await run(["netns", "delete", name]) } catch { deletion = .failure(error) }
    }
    do { try FileManager.default.removeItem(at: folder) } catch { deletion = .failure(error) }
    try result.get()
    try deletion.get()
  }

  private func build() async throws {
    for name in [inside, bridge, peer] {
      try await Self.run(["netns", "add", name])
      try await change(name, "link set up dev lo")
    }
    if isBridged { try await buildBridge() } else { try await lay("out0", in: inside, to: "in0", in: peer) }
    for line in ["address add 10.77.0.1/24 dev in0", "link set up dev in0"] { try await change(peer, line) }
    for line in [
      "address add 10.77.0.2/24 dev out0", "link set up dev out0", "route add default via 10.77.0.1",
    ] { try await change(inside, line) }
  }

  private func buildBridge() async throws {
    try await lay("out0", in: inside, to: "port0", in: bridge)
    try await lay("in0", in: peer, to: "port1", in: bridge)
    for line in [
      "link add br0 type bridge", "link set port0 master br0", "link set port1 master br0", "link set up dev port0",
      "link set up dev port1", "link set up dev br0",
    ] { try await change(bridge, line) }
  }

  /// Lays a cable. Both ends are down.
  private func lay(_ end: String, in namespace: String, to otherEnd: String, in otherNamespace: String) async throws {
    try await Self.run(
      ["link", "add", end, "netns", namespace, "type", "veth", "peer", "name", otherEnd, "netns", otherNamespace])
  }

  // MARK: - Changes

  /// Runs one `ip` command inside: `link set up dev eth0`.
  func change(_ namespace: String, _ words: String) async throws {
    try await Self.run(["-n", namespace] + words.split(separator: " ").map(String.init))
  }

  func pullCable() async throws { try await setCable("down") }
  func plugCable() async throws { try await setCable("up") }

  /// The other end of the cable decides whether this one has a carrier.
  private func setCable(_ state: String) async throws {
    try await change(isBridged ? bridge : peer, "link set \(state) dev \(isBridged ? "port0" : "in0")")
  }

  private static func run(_ arguments: [String]) async throws {
    guard let ip else { throw RunningProgram.Failure(description: "there is no ip: install iproute2") }
    let (status, _, errors) = try await RunningProgram.run(ip, arguments)
    guard status == 0 else {
      throw RunningProgram.Failure(description: "ip \(arguments.joined(separator: " ")): \(errors)")
    }
  }

  // MARK: - Programs

  func start(_ name: String, _ arguments: [String], in namespace: String) throws -> RunningProgram {
    try RunningProgram(name, arguments, folder: folder, wrapper: [Self.ip ?? "ip", "netns", "exec", namespace])
  }

  func startAgent() async throws -> RunningProgram {
    let program = try start("tombolo", ["run", "--config", configuration.path], in: inside)
    _ = try await program.line { $0.contains("listening on unix:") }
    return program
  }

  func startUpstream() async throws -> RunningProgram {
    let program = try start(
      "example-upstream", ["--host", "10.77.0.1", "--port", "9000", "--verbose"], in: peer)
    _ = try await program.listeningURL()
    return program
  }

  /// Answers every request with a redirect, as a hotel's gateway does.
  func startPortal() async throws -> RunningProgram {
    let program = try start(
      "/usr/bin/env",
      [
        "python3", "-c",
        """
        import http.server
        class Portal(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
            self.send_response(302)
            self.send_header("Location", "http://login.hotel.example/")
            self.send_header("Content-Length", "0")
            self.end_headers()
          do_POST = do_GET
          def log_message(self, *arguments): pass
        http.server.HTTPServer.allow_reuse_address = True
        server = http.server.HTTPServer(("10.77.0.1", 9000), Portal)
        print("open", flush=True)
        server.serve_forever()
        """,
      ], in: peer)
    _ = try await program.line { $0 == "open" }
    return program
  }

  /// Runs `tombolo` inside, beside the agent.
  func tombolo(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
    try await RunningProgram.run(
      "tombolo", arguments + ["--config", configuration.path], folder: folder,
      wrapper: [Self.ip ?? "ip", "netns", "exec", inside])
  }

  /// `tombolo network watch --json` inside.
  func startWatch() throws -> RunningProgram {
    try start("tombolo", ["network", "watch", "--json", "--config", configuration.path], in: inside)
  }
}
