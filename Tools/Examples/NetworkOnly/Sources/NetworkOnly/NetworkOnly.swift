import Logging
import TomboloNetwork

/// Tells whether 127.0.0.1:9000 can be reached, until it can, or for ten seconds. With an argument another `host:port`.
@main
struct NetworkOnly {
  static func main() async throws {
    let address = CommandLine.arguments.dropFirst().first ?? "127.0.0.1:9000"
    guard let upstream = TCPAddress(address) else { return print("\(address) is not host:port") }
    #if os(Linux)
      let monitor = NetworkMonitor(
        probe: TCPProbe(upstream), path: NetlinkSource(), logger: Logger(label: "network"))
    #else
      let monitor = NetworkMonitor(probe: TCPProbe(upstream), path: NWPathSource(), logger: Logger(label: "network"))
    #endif
    async let _: Void = monitor.run()
    let observation = monitor.observe { status in
      for evidence in status.evidence { print(evidence.source, evidence.condition, evidence.detail) }
    }
    print(await monitor.survey().condition)
    do {
      try await monitor.wait(until: .online, deadline: .now + .seconds(10))
      print("there it is")
    } catch let error as NetworkWaitError {
      print(error)
    }
    observation.cancel()
  }
}
