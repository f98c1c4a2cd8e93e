#if os(Linux)
  import Glibc
  import Logging
  import TomboloNetwork
  import TomboloPorts

  /// Tells what the network looks like from where it runs, one JSON object a line. For tests that change the network
  /// around it.
  ///
  /// - `path [BYTES]`: each report of the system source, whose socket may be given a buffer of BYTES
  /// - `news`: the same without looks at the carrier, from the kernel's news alone
  /// - `monitor [HOST PORT MILLISECONDS]`: each status of a monitor with the system source, and a TCP probe with that interval
  /// - `listen HOST PORT`: accepts connections, until it is killed
  /// - `starved`: like `path`, with all descriptors in use until the first report
  /// - `cycles COUNT`: runs and cancels the source COUNT times, then tells how many descriptors, threads of the source and threads
  ///   at all it has
  @main
  struct NetworkWatch {
    static func main() async throws {
      let arguments = Array(CommandLine.arguments.dropFirst())
      switch arguments.first {
      case "path":
        await NetlinkSource(receiveByteCount: arguments.dropFirst().first.flatMap { Int32($0) }).run(tell)
      case "news":
        await NetlinkSource(carrierCheckInterval: nil).run(tell)
      case "monitor":
        await watchMonitor(Array(arguments.dropFirst()))
      case "listen" where arguments.count == 3:
        try listen(host: arguments[1], port: UInt16(arguments[2]) ?? 0)
      case "starved":
        await runStarved()
      case "cycles":
        await runCycles(count: arguments.dropFirst().first.flatMap { Int($0) } ?? 1)
      default:
        print("usage: network-watch path | news | monitor | listen | starved | cycles, see the source")
        exit(2)
      }
    }

    private static func watchMonitor(_ arguments: [String]) async {
      var probe: TCPProbe?
      var configuration = NetworkMonitorConfiguration(jitter: 0, damping: nil)
      if arguments.count == 3 {
        probe = TCPProbe(host: arguments[0], port: Int(arguments[1]) ?? 0, timeout: .milliseconds(500))
        configuration.probeInterval = .milliseconds(Int(arguments[2]) ?? 1_000)
      }
      let quiet = Logger(label: "network-watch") { _ in SwiftLogNoOpLogHandler() }
      let monitor = NetworkMonitor(probe: probe, path: NetlinkSource(), configuration: configuration, logger: quiet)
      async let _: Void = monitor.run()
      for await status in monitor.statuses() {
        let evidence = status.evidence.map { "\($0.source) \($0.condition.rawValue): \($0.detail)" }
        tell(#""condition":"\#(status.condition.rawValue)","evidence":[\#(list(evidence))]"#)
      }
    }

    private static func runCycles(count: Int) async {
      for _ in 0..<count {
        let (reports, continuation) = AsyncStream.makeStream(of: NetworkPathReport.self)
        await withTaskGroup(of: Void.self) { group in
          group.addTask { await NetlinkSource().run { continuation.yield($0) } }
          for await _ in reports { break }
          group.cancelAll()
        }
      }
      // The last thread has closed everything when `run` returns, and then ends by itself: a moment later on a busy machine.
      let deadline = ContinuousClock.now + .seconds(60)
      while sourceThreadCount() > 0, ContinuousClock.now < deadline { sched_yield() }
      let (descriptors, threads) = (entries(of: "/proc/self/fd").count, entries(of: "/proc/self/task").count)
      tell(#""descriptors":\#(descriptors),"sourceThreads":\#(sourceThreadCount()),"threads":\#(threads)"#)
    }

    /// How many threads there are whose name is that of the source's.
    private static func sourceThreadCount() -> Int {
      let names = entries(of: "/proc/self/task").map { text(ofFile: "/proc/self/task/\($0)/comm") }
      return names.count { $0 == "tombolo-netlink\n" }
    }

    private static func tell(_ report: NetworkPathReport) {
      switch report {
      case .unknown(let reason):
        tell(#""unknown":"\#(reason)""#)
      case .path(let path):
        let interfaces = path.interfaces.map { interface in
          [
            interface.name, interface.kind.rawValue, interface.hasIPv4 ? "4" : "", interface.hasIPv6 ? "6" : "",
            interface.carriesDefaultRoute ? "out" : "",
          ].filter { !$0.isEmpty }.joined(separator: " ")
        }
        tell(#""reach":"\#(path.reach.rawValue)","interfaces":[\#(list(interfaces))]"#)
      }
    }

    /// Nothing that is told here holds a character that JSON would want escaped.
    private static func list(_ texts: [String]) -> String {
      texts.map { #""\#($0)""# }.joined(separator: ",")
    }

    private static func tell(_ members: String) {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      // Past the buffer of `print`, so that a line is out as soon as it is told.
      let line = #"{"uptimeMilliseconds":\#(time.tv_sec * 1_000 + time.tv_nsec / 1_000_000),\#(members)}"# + "\n"
      _ = write(STDOUT_FILENO, line, line.utf8.count)
    }

    private static func runStarved() async {
      let (freed, release) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
      let source = NetlinkSource(time: TimeOfDescriptors(freed: freed))
      var taken: [Int32] = []
      while case let descriptor = dup(STDOUT_FILENO), descriptor >= 0 { taken.append(descriptor) }
      let all = taken
      await source.run { report in
        tell(report)
        guard case .unknown = report else { return }
        for descriptor in all { close(descriptor) }
        release.yield()
      }
    }

    /// Time that passes when descriptors are free again. The runtime's own timers would need some, and find none.
    private struct TimeOfDescriptors: TimeSource {
      let freed: AsyncStream<Void>
      let system = SystemTimeSource()

      var now: Timestamp { system.now }
      var uptime: Duration { system.uptime }

      func sleep(for duration: Duration) async throws {
        for await _ in freed { return }
        throw CancellationError()
      }
    }

    private static func entries(of folder: String) -> [String] {
      guard let stream = opendir(folder) else { return [] }
      defer { closedir(stream) }
      var names: [String] = []
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if !name.hasPrefix(".") { names.append(name) }
      }
      return names
    }

    /// The beginning of a small file; empty when it is gone, as that of a thread that has just ended.
    private static func text(ofFile path: String) -> String {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return "" }
      defer { close(descriptor) }
      var buffer = [UInt8](repeating: 0, count: 64)
      let count = read(descriptor, &buffer, buffer.count)
      return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    private static func listen(host: String, port: UInt16) throws {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var reuse: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      inet_pton(AF_INET, host, &address.sin_addr)
      let result = withUnsafeBytes(of: address) { bytes in
        bytes.withMemoryRebound(to: sockaddr.self) {
          bind(descriptor, $0.baseAddress, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard result == 0, Glibc.listen(descriptor, 16) == 0 else {
        perror("cannot listen")
        exit(1)
      }
      tell(#""listening":true"#)
      while true {
        let connection = accept(descriptor, nil, nil)
        if connection >= 0 { close(connection) }
      }
    }
  }
#else
  @main
  struct NetworkWatch {
    static func main() { print("network namespaces exist on Linux only") }
  }
#endif
