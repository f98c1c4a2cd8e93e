import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite struct TCPProbePluginTests {
  private func make(_ values: [String: OptionValue]) async throws -> any ReachabilityProbe {
    var filled = values
    for option in TCPProbePlugin.options where filled[option.name] == nil {
      filled[option.name] = option.defaultValue
    }
    return try await TCPProbePlugin.make(
      PluginOptions(path: "network.probe", values: filled),
      in: PluginContext(time: ManualTimeSource(), warn: { _ in }))
  }

  @Test(
    "the address is given in one or in two",
    arguments: [
      (["address": OptionValue.string("127.0.0.1:9000")], "tcp 127.0.0.1:9000"),
      (["address": .string("[::1]:9000")], "tcp [::1]:9000"),
      (["host": .string("localhost"), "port": .integer(80)], "tcp localhost:80"),
    ])
  func target(values: [String: OptionValue], target: String) async throws {
    #expect(try await make(values).target == target)
  }

  @Test(
    "an address that is missing, doubled or unreadable is an error that names the key",
    arguments: [
      ([:], "network.probe needs `address`, or `host` and `port`"),
      (["host": OptionValue.string("a")], "network.probe.host needs a `port` beside it"),
      (["port": .integer(1)], "network.probe.port needs a `host` beside it"),
      (["host": .string(""), "port": .integer(1)], "network.probe.host is empty"),
      (
        ["address": .string("a:1"), "port": .integer(1)],
        "network.probe has `address` and also `host` or `port`: give one or the other"
      ),
      (
        ["address": .string("nonsense")],
        "network.probe.address is \"nonsense\", which is not host:port, such as 127.0.0.1:9000"
      ),
    ])
  func mistakes(values: [String: OptionValue], message: String) async {
    await #expect(throws: PluginOptionError(message)) { try await make(values) }
  }

  @Test(
    "what is not host:port is no address",
    arguments: ["", ":", "a", "a:", ":1", "a:0", "a:65536", "a:+1", "::1:80", "[]:1"])
  func unreadable(text: String) {
    #expect(TCPAddress(text) == nil)
  }
}
