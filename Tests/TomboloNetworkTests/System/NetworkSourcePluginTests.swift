import Testing
import TomboloNetwork
import TomboloPorts

@Suite struct NetworkSourcePluginTests {
  private func make(_ plugin: any NetworkSourcePlugin.Type) async throws -> any NetworkPathSource {
    func open<P: NetworkSourcePlugin>(_ plugin: P.Type) async throws -> any NetworkPathSource {
      var values: [String: OptionValue] = [:]
      for option in P.options { values[option.name] = option.defaultValue }
      return try await P.make(
        PluginOptions(path: "network.system", values: values),
        in: PluginContext(time: SystemTimeSource(), warn: { _ in }))
    }
    return try await open(plugin)
  }

  @Test("each plugin makes the source of its name, from its defaults")
  func sources() async throws {
    #expect(try await make(NoNetworkSourcePlugin.self).name == "none")
    #if os(Linux)
      #expect(try await make(AutomaticNetworkSourcePlugin.self).name == "netlink")
      #expect(try await make(NetlinkSourcePlugin.self).name == "netlink")
      #expect("\(NetlinkSourcePlugin.identifier)" == "network.netlink")
    #endif
  }
}
