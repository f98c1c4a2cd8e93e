extension Configuration {
  /// The keys whose values differ, secrets too, in the order of this configuration and then of the other.
  func changes(from other: Configuration) -> [String] {
    let (mine, theirs) = (values, other.values)
    var seen: Set<String> = []
    return (entries + other.entries).map(\.path).filter { path in
      seen.insert(path).inserted && mine[path] != theirs[path]
    }
  }

  /// This configuration with the old values of what cannot change while the program runs.
  func keepingFixed(of running: Configuration) -> Configuration {
    var agent = agent
    agent.listen = running.agent.listen
    agent.connectionsMaximum = running.agent.connectionsMaximum
    agent.shutdownGrace = running.agent.shutdownGrace
    var network = network
    network.system = running.network.system
    network.upstreams = running.network.upstreams
    return Configuration(
      agent: agent, storage: running.storage, encryption: running.encryption, queue: queue, network: network,
      delivery: delivery, resilience: resilience, logging: logging, entries: entriesKeepingFixed(of: running))
  }

  /// These entries in their order, the old ones of each place that keeps its values where the new ones stood.
  private func entriesKeepingFixed(of running: Configuration) -> [ConfigurationEntry] {
    var kept = Dictionary(grouping: running.entries) { ReloadRule.place(of: $0.path) }
    kept[nil] = nil
    let merged = entries.flatMap { entry in
      ReloadRule.place(of: entry.path).map { kept.removeValue(forKey: $0) ?? [] } ?? [entry]
    }
    // A place of which the new configuration says nothing at all.
    return merged + running.entries.filter { kept[ReloadRule.place(of: $0.path)] != nil }
  }

  private var values: [String: ConfidentialValue] {
    Dictionary(
      entries.compactMap { entry in entry.typed.map { (entry.path, $0) } }, uniquingKeysWith: { _, last in last })
  }
}
