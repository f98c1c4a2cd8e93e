import TomboloNetwork
import TomboloPorts

/// What tells a system's monitor of the network.
struct NetworkSources: Sendable {
  var path: any NetworkPathSource
  var probe: (any ReachabilityProbe)?
  /// How often the probe asks; `nil` for the monitor's own interval.
  var interval: Duration?
  var upstreams: [NetworkUpstream] = []

  /// The sources that the config names; without a probe, a TCP probe of the place that deliveries go to, where that is known.
  /// Nobody else's server is ever asked.
  static func make(
    _ configuration: Configuration, _ registry: PluginRegistry, _ context: PluginContext
  ) async throws -> NetworkSources {
    let settings = configuration.network
    var sources = NetworkSources(
      path: try await registry.make((any NetworkPathSource).self, from: settings.system, in: context))
    do {
      if let selection = settings.probe {
        sources.probe = try await registry.make((any ReachabilityProbe).self, from: selection, in: context)
        sources.interval = interval(of: selection)
      } else if case .string(let text)? = configuration.delivery.options.value("baseURL"),
        let address = UpstreamAddress(text)
      {
        sources.probe = TCPProbe(host: address.host, port: address.port, time: context.time)
      }
      for upstream in settings.upstreams {
        let probe = try await registry.make((any ReachabilityProbe).self, from: upstream.probe, in: context)
        sources.upstreams.append(
          NetworkUpstream(upstream.name, probe: probe, probeInterval: interval(of: upstream.probe)))
      }
    } catch {
      let reason = error
      do { try await sources.close() } catch { context.warn("closing the probes failed as well: \(error)") }
      throw reason
    }
    return sources
  }

  private static func interval(of selection: PluginSelection) -> Duration? {
    if case .duration(let interval)? = selection.options.value("interval") { interval } else { nil }
  }

  /// Closes all that can be closed, the youngest first, whatever fails; throws the first failure.
  func close() async throws {
    var failure: (any Error)?
    let parts: [any Sendable] = [path] + [probe].compactMap { $0 } + upstreams.map(\.probe)
    for case let part as any Closable in parts.reversed() {
      do { try await part.close() } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
  }
}
