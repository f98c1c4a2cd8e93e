#if canImport(Network)
  import Dispatch
  import Network
  import Synchronization
  public import TomboloPorts

  /// Watches the ways out of this machine through `NWPathMonitor`.
  ///
  /// The system says whether there is a way out and over what; an interface that is up without being one is not told, and
  /// so `local` is what the system calls unsatisfied with interfaces present.
  public struct NWPathSource: NetworkPathSource {
    public init() {}

    /// `nwpath`.
    public var name: String { "nwpath" }

    /// Watches until the task is cancelled.
    public func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async {
      let last = Mutex<NetworkPath?>(nil)
      let monitor = NWPathMonitor()
      monitor.pathUpdateHandler = { path in
        let next = Self.path(path)
        let isChange = last.withLock { last in
          defer { last = next }
          return last != next
        }
        if isChange { report(.path(next)) }
      }
      monitor.start(queue: DispatchQueue(label: "tombolo.network-path"))
      // Nothing is ever sent: the wait ends with the task. A monitor that was started keeps itself until it is cancelled.
      defer { monitor.cancel() }
      let (ended, end) = AsyncStream.makeStream(of: Void.self)
      defer { end.finish() }
      for await _ in ended {}
    }

    private static func path(_ path: NWPath) -> NetworkPath {
      let isRouted = path.status == .satisfied
      let interfaces = path.availableInterfaces.filter { $0.type != .loopback }.map { interface in
        NetworkInterface(
          name: interface.name, kind: kind(interface.type), hasIPv4: path.supportsIPv4, hasIPv6: path.supportsIPv6,
          carriesDefaultRoute: isRouted && path.usesInterfaceType(interface.type))
      }
      return NetworkPath(
        reach: isRouted ? .routed : interfaces.isEmpty ? .none : .local,
        interfaces: interfaces.sorted { $0.name < $1.name },
        isMetered: path.isExpensive)
    }

    private static func kind(_ type: NWInterface.InterfaceType) -> NetworkInterface.Kind {
      switch type {
      case .wiredEthernet: .ethernet
      case .wifi: .wifi
      case .cellular: .cellular
      case .loopback: .loopback
      case .other: .other
      @unknown default: .other
      }
    }
  }
#endif
