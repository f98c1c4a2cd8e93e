import TomboloPorts
import TomboloQueue
import TomboloResilience

extension SettingsReader {
  mutating func readQueue() throws -> QueueSettings? {
    let queue = try root.section("queue")
    let kindLimits = try readKindLimits(queue)
    let (pilotInterval, pilotIntervalMaximum) = (
      try queue.duration("pilotInterval"), try queue.duration("pilotIntervalMaximum")
    )
    if pilotInterval > pilotIntervalMaximum {
      add(
        .conflict, "queue.pilotInterval",
        "is longer than queue.pilotIntervalMaximum, \(DurationText.render(pilotIntervalMaximum)): shorten it, or "
          + "raise that"
      )
    }
    guard let backoff = try selection(.backoff), let conflict = try selection(.conflict),
      let onPermanentFailure = PermanentFailurePolicy(rawValue: try queue.string("onPermanentFailure")),
      let uniqueness = UniquenessPolicy(rawValue: try queue.string("uniqueness")),
      let limitPolicy = LimitPolicy(rawValue: try queue.string("limitPolicy"))
    else { return nil }
    return QueueSettings(
      concurrency: try queue.integer("concurrency"), attemptsMaximum: try queue.integer("attemptsMaximum"),
      attemptTimeout: try queue.duration("attemptTimeout"),
      retryAfterMaximum: try queue.duration("retryAfterMaximum"), onPermanentFailure: onPermanentFailure,
      uniqueness: uniqueness, passedOverMaximum: try queue.integer("passedOverMaximum"),
      conflictRoundsMaximum: try queue.integer("conflictRoundsMaximum"), kindLimits: kindLimits,
      payloadMaximum: try queue.byteCount("payloadMaximum"),
      operationsMaximum: try queue.integer("operationsMaximum"), bytesMaximum: try queue.byteCount("bytesMaximum"),
      limitPolicy: limitPolicy, idempotencyRetention: try queue.duration("idempotencyRetention"),
      history: try queue.duration("history"),
      pilotInterval: pilotInterval, pilotIntervalMaximum: pilotIntervalMaximum,
      stallTimeout: try queue.duration("stallTimeout"),
      leaseDuration: try queue.duration("leaseDuration"),
      sharedPollInterval: try queue.duration("sharedPollInterval"), recovery: try readRecovery(queue),
      versionClock: try readVersionClock(queue),
      durability: try queue.stringIfPresent("durability").flatMap { StoreDurability(rawValue: $0) },
      namespaces: try readNamespaces(queue), backoff: backoff, conflict: conflict)
  }

  private mutating func readVersionClock(_ queue: PluginOptions) throws -> QueueSettings.VersionClock? {
    let options = try queue.section("versionClock")
    guard let node = try options.stringIfPresent("node") else {
      if isGiven("queue.versionClock.skewMaximum") {
        add(
          .missing, "queue.versionClock.skewMaximum",
          "bounds a clock that is not there: give queue.versionClock.node too, or remove the key")
      }
      return nil
    }
    if node.isEmpty || node.utf8.count > 64 || !node.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
      add(
        .outOfRange, "queue.versionClock.node", value: node,
        "is no name for a device: give 1 to 64 letters, digits or signs without spaces, or remove the key")
    }
    return QueueSettings.VersionClock(node: node, skewMaximum: try options.duration("skewMaximum"))
  }

  private mutating func readNamespaces(_ queue: PluginOptions) throws -> Set<String> {
    let names = try queue.list("namespaces").compactMap { value in
      if case .string(let name) = value { name } else { nil }
    }
    if names.contains("") { add(.outOfRange, "queue.namespaces", "holds an empty name: remove it") }
    return Set(names)
  }

  private mutating func readKindLimits(_ queue: PluginOptions) throws -> [String: KindLimit] {
    guard !isRefused("queue.kinds") else { return [:] }
    var limits: [String: KindLimit] = [:]
    for (index, item) in try queue.list("kinds").enumerated() {
      guard case .map(let entries) = item else { continue }
      let pairs = entries.map { ($0.name, $0.value) }
      let path = "queue.kinds[\(index)]"
      let options = PluginOptions(path: path, values: Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
      let kind = try options.string("kind")
      let (concurrency, count) = (try integer("concurrency", options), try integer("count", options))
      if limits[kind] != nil { add(.conflict, path, value: kind, "limits \(kind) once more: put both into one item") }
      if concurrency == nil, count == nil {
        add(.conflict, path, value: kind, "limits nothing of \(kind): give it concurrency or count, or remove it")
      }
      let (period, burst) = (try options.duration("period"), try integer("burst", options))
      if burst != nil, count == nil {
        add(.conflict, path, value: kind, "has a burst of \(kind), but no count: give it count, or remove burst")
      }
      limits[kind] = KindLimit(
        concurrency: concurrency, rate: count.map { RateLimit($0, per: period, burst: burst) })
    }
    return limits
  }

  private func integer(_ name: String, _ options: PluginOptions) throws -> Int? {
    options.value(name) == nil ? nil : try options.integer(name)
  }
}
