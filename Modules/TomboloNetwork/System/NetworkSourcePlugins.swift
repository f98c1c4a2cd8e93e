public import TomboloPorts

/// `system: { type: auto }`: what this system has.
public enum AutomaticNetworkSourcePlugin: NetworkSourcePlugin {
  /// `network.auto`.
  public static let identifier = PluginIdentifier(.network, "auto")
  /// One line for `tombolo plugins`.
  public static let summary =
    "Hears of links, addresses and routes from this system: netlink on Linux, path on Apple's."
  public static let options: [OptionDeclaration] = []

  /// Makes the source of this system; where there is none, one that says so.
  public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any NetworkPathSource {
    SystemPathSource(time: context.time)
  }
}

/// `system: { type: none }`: the system is not asked; probes and deliveries decide.
public enum NoNetworkSourcePlugin: NetworkSourcePlugin {
  /// `network.none`.
  public static let identifier = PluginIdentifier(.network, "none")
  /// One line for `tombolo plugins`.
  public static let summary = "Does not ask the system: probes and deliveries decide alone."
  public static let options: [OptionDeclaration] = []

  /// Makes a source that tells nothing.
  public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any NetworkPathSource {
    SilentPathSource()
  }
}

#if os(Linux)
  /// `system: { type: netlink }`
  public enum NetlinkSourcePlugin: NetworkSourcePlugin {
    /// `network.netlink`.
    public static let identifier = PluginIdentifier(.network, "netlink")
    /// One line for `tombolo plugins`.
    public static let summary = "Hears of links, addresses and routes from the Linux kernel; needs no privilege."
    public static let options = [
      OptionDeclaration(
        "carrierCheckInterval", .duration(.milliseconds(10) ... .seconds(60)), default: .duration(.milliseconds(250)),
        help: "How often to look whether the ways out are connected, since the kernel may tell of a pulled cable late.")
    ]

    /// Makes a `NetlinkSource`.
    public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any NetworkPathSource {
      NetlinkSource(carrierCheckInterval: try options.duration("carrierCheckInterval"), time: context.time)
    }
  }
#endif

#if canImport(Network)
  /// `system: { type: path }`
  public enum NWPathSourcePlugin: NetworkSourcePlugin {
    /// `network.path`.
    public static let identifier = PluginIdentifier(.network, "path")
    /// One line for `tombolo plugins`.
    public static let summary = "Hears of the ways out from Apple's NWPathMonitor."
    public static let options: [OptionDeclaration] = []

    /// Makes an `NWPathSource`.
    public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> any NetworkPathSource {
      NWPathSource()
    }
  }
#endif
