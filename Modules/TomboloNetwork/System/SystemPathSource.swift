public import TomboloPorts

/// The source that this system has, so that a program reads the same everywhere: `NetlinkSource` on Linux, `NWPathSource` on
/// Apple's systems. On any other it reports `unknown`, and probes and deliveries decide.
public struct SystemPathSource: NetworkPathSource {
  private let source: any NetworkPathSource

  /// A source that waits on `time` where it has to wait by itself.
  public init(time: any TimeSource = SystemTimeSource()) {
    #if os(Linux)
      source = NetlinkSource(time: time)
    #elseif canImport(Network)
      source = NWPathSource()
    #else
      source = SilentPathSource(reason: "this system has no source that is known here")
    #endif
  }

  /// The name of the system's own: `netlink`, `path` or `none`.
  public var name: String { source.name }

  /// Watches until the task is cancelled.
  public func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async {
    await source.run(report)
  }
}
