import TomboloNetwork
import TomboloPorts

/// What tells a system's monitor of the network beside the probe of the whole: the system, and the probes of upstreams.
struct NetworkSources: Sendable {
  var path: any NetworkPathSource
  var upstreams: [NetworkUpstream] = []

  /// The sources that the config names.
  static func make(
    _ configuration: Configuration, _ registry: PluginRegistry, _ context: PluginContext
  ) async throws -> NetworkSources {
    let settings = configuration.network
    var sources = NetworkSources(
      path: try await registry.make((any NetworkPathSource).self, from: settings.system, in: context))
    do {
      for upstream in settings.upstreams {
        let probe = try await registry.make((any ReachabilityProbe).self, from: upstream.probe, in: context)
        sources.upstreams.append(
          NetworkUpstream(upstream.name, probe: probe, probeInterval: upstream.probe.probeInterval))
      }
    } catch {
      let reason = error
      do { try await sources.close() } catch { context.warn("closing the probes failed as well: \(error)") }
      throw reason
    }
    return sources
  }

  /// Closes all that can be closed, the youngest first, whatever fails; throws the first failure.
  func close() async throws {
    var failure: (any Error)?
    let parts: [any Sendable] = [path] + upstreams.map(\.probe)
    for case let part as any Closable in parts.reversed() {
      do { try await part.close() } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
  }
}

extension PluginSelection {
  /// How often the probe asks; `nil` for the monitor's own interval.
  var probeInterval: Duration? {
    if case .duration(let interval)? = options.value("interval") { interval } else { nil }
  }
}
