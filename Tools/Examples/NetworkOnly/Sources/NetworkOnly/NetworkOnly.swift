import Logging
import TomboloNetwork

/// Tells whether 127.0.0.1:9000 can be reached, until it can, or for ten seconds. With an argument another `host:port`.
@main
struct NetworkOnly {
  static func main() async throws {
    let address = CommandLine.arguments.dropFirst().first ?? "127.0.0.1:9000"
    guard let upstream = TCPAddress(address) else { return print("\(address) is not host:port") }
    do {
      try await waitUntilReachable(host: upstream.host, port: upstream.port)
      print("there it is")
    } catch let error as NetworkWaitError {
      print(error)
    }
  }

  /// The ten lines of the guide `IsTheNetworkThere`, word for word.
  static func waitUntilReachable(host: String, port: Int) async throws {
    let monitor = NetworkMonitor(
      probe: TCPProbe(host: host, port: port), path: SystemPathSource(), logger: Logger(label: "network"))
    async let _: Void = monitor.run()
    let observation = monitor.observe { status in
      for evidence in status.evidence { print(evidence.source, evidence.condition, evidence.detail) }
    }
    print(await monitor.survey().condition)
    try await monitor.wait(until: .online, deadline: .now + .seconds(10))
    observation.cancel()
  }

  /// Several upstreams, as the guide has them.
  static func isIntranetThere(_ logger: Logger) -> Bool? {
    let monitor = NetworkMonitor(
      path: SystemPathSource(),
      upstreams: [
        NetworkUpstream("intranet", probe: TCPProbe(host: "10.0.0.5", port: 9000)),
        NetworkUpstream("shop", probe: TCPProbe(host: "shop.example.org", port: 443), probeInterval: .seconds(30)),
      ], logger: logger)
    let isThere = monitor.status.upstream("intranet")?.isOnline
    return isThere
  }
}
