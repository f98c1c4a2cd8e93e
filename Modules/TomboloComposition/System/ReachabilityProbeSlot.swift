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
      let interval: Duration? =
        if case .duration(let interval)? = selection.options.value("interval") { interval } else { nil }
      return ReachabilityProbeSlot(probe: probe, interval: interval)
    }
    guard case .string(let text)? = configuration.delivery.options.value("baseURL"),
      let address = upstreamAddress(text)
    else { return ReachabilityProbeSlot() }
    return ReachabilityProbeSlot(probe: TCPProbe(host: address.host, port: address.port, time: context.time))
  }

  /// Host and port of an `http` or `https` URL.
  static func upstreamAddress(_ url: String) -> (host: String, port: Int)? {
    guard let schemeEnd = url.firstRange(of: "://") else { return nil }
    let scheme = url[..<schemeEnd.lowerBound].lowercased()
    guard let defaultPort = ["http": 80, "https": 443][scheme] else { return nil }
    let authority = url[schemeEnd.upperBound...].prefix { !"/?#".contains($0) }
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      let host = authority[authority.index(after: authority.startIndex)..<end]
      let rest = authority[authority.index(after: end)...]
      if rest.isEmpty { return (String(host), defaultPort) }
      guard rest.first == ":", let port = Int(rest.dropFirst()) else { return nil }
      return (String(host), port)
    }
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    guard let host = parts.first, !host.isEmpty else { return nil }
    if parts.count == 1 { return (String(host), defaultPort) }
    guard parts.count == 2, let port = Int(parts[1]) else { return nil }
    return (String(host), port)
  }

  func close() async throws {
    if let probe = probe as? any Closable { try await probe.close() }
  }
}
