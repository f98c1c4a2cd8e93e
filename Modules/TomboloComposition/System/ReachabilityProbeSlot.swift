import TomboloNetwork
import TomboloPorts

/// The probe of a system, if it has one, and how often it asks.
struct ReachabilityProbeSlot: Sendable {
  var probe: (any ReachabilityProbe)?
  var interval: Duration?

  /// The probe that the config names; without one, a TCP probe of the place that deliveries go to, where that is known.
  /// Nobody else's server is ever asked.
  static func make(
    _ configuration: Configuration, _ registry: PluginRegistry, _ context: PluginContext
  ) async throws -> ReachabilityProbeSlot {
    if let selection = configuration.network.probe {
      let probe = try await registry.make((any ReachabilityProbe).self, from: selection, in: context)
      return ReachabilityProbeSlot(probe: probe, interval: selection.probeInterval)
    }
    guard case .string(let text)? = configuration.delivery.options.value("baseURL"), let address = UpstreamAddress(text)
    else { return ReachabilityProbeSlot() }
    return ReachabilityProbeSlot(probe: TCPProbe(host: address.host, port: address.port, time: context.time))
  }

  func close() async throws {
    if let probe = probe as? any Closable { try await probe.close() }
  }
}
