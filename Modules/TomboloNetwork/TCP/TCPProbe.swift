public import TomboloPorts

/// Asks whether something accepts TCP connections at an address. The connection is closed again at once.
///
/// A name is looked up anew each time, and all its addresses are tried side by side: one that accepts is enough.
///
/// Looking up a name may block for as long as the system's resolver likes, and so must not happen on Swift's cooperative
/// pool. Each check therefore runs on a thread of its own that ends with it. A thread every few seconds costs less than
/// one kept waiting, and no event loop has to be brought along. A check answers in time even when the resolver hangs; after
/// a few that hang, checks say so instead of starting more.
public struct TCPProbe: ReachabilityProbe {
  private let address: TCPAddress
  private let timeout: Duration
  private let time: any TimeSource
  private let threads = TCPConnectThreads()

  /// A probe of `port` at `host`, which answers within `timeout`.
  public init(
    host: String, port: Int, timeout: Duration = .seconds(2), time: any TimeSource = SystemTimeSource()
  ) {
    self.init(TCPAddress(host: host, port: port), timeout: timeout, time: time)
  }

  /// A probe of `address`, which answers within `timeout`.
  public init(_ address: TCPAddress, timeout: Duration = .seconds(2), time: any TimeSource = SystemTimeSource()) {
    self.address = address
    self.timeout = timeout
    self.time = time
  }

  /// What is asked: `tcp 127.0.0.1:9000`.
  public var target: String { "tcp \(address)" }

  /// Whether the host is this machine itself: `localhost`, `127.0.0.1`, an address of an interface.
  public var isOnThisMachine: Bool { OwnAddress.contains(address.host) }

  /// How many threads of this probe have not ended.
  package var threadCount: Int { threads.count }

  /// Asks once: `online` when a connection came about, `limited` with the reason otherwise.
  public func check() async -> ProbeResult {
    await withTaskGroup(of: ProbeResult?.self) { group in
      group.addTask { await threads.connect(to: address) }
      group.addTask {
        // A sleep that throws was cancelled: the connection was quicker, or the check is.
        do { try await time.sleep(for: timeout) } catch { return nil }
        return ProbeResult(.limited, detail: "no answer from \(address) within \(timeout)")
      }
      defer { group.cancelAll() }
      for await result in group {
        if let result { return result }
      }
      return ProbeResult(.limited, detail: "the check of \(address) was cancelled")
    }
  }
}
