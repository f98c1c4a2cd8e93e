import TomboloAgent

/// What `tombolo network watch` prints: a line for each change, of the whole or of an upstream.
struct NetworkChangeLines {
  private var compared: WireNetworkStatus?
  private var printed: WireNetworkStatus?

  /// Whether this says anything that the one before did not.
  mutating func isChange(_ status: WireNetworkStatus) -> Bool {
    defer { compared = status }
    guard let compared else { return true }
    return Self.conditions(compared) != Self.conditions(status)
  }

  /// `10:42:07  offline  system: no interface is up with an address; probe: connection refused by …`, and below it the
  /// upstreams that changed.
  mutating func text(_ status: WireNetworkStatus, clock: WallClock) -> [String] {
    defer { printed = status }
    var lines: [String] = []
    if printed?.status != status.status || printed?.since != status.since {
      let interfaces = Self.interfaces(status)
      lines.append(
        Self.line(clock.text(status.since.timestamp), status.status, status.sources, suffix: interfaces))
    }
    for upstream in status.upstreams ?? [] {
      let before = printed?.upstreams?.first { $0.name == upstream.name }
      guard before?.status != upstream.status || before?.since != upstream.since else { continue }
      lines.append(
        Self.line(
          clock.text(upstream.since.timestamp), "\(SafeText.line(upstream.name)) \(upstream.status)", upstream.sources))
    }
    return lines
  }

  private static func line(
    _ time: String, _ status: String, _ sources: [WireNetworkSource], suffix: String = ""
  ) -> String {
    let evidence = sources.map { source in
      "\(source.source) \(source.condition): \(SafeText.line(source.detail, limit: 120))"
    }
    let text = evidence.isEmpty ? "nothing says otherwise" : evidence.joined(separator: "; ")
    return "\(time)  \(status)  \(text)\(suffix)"
  }

  private static func interfaces(_ status: WireNetworkStatus) -> String {
    let names = (status.interfaces ?? []).filter(\.wayOut).map { "\(SafeText.line($0.name)) (\($0.kind))" }
    return names.isEmpty ? "" : "; over \(names.joined(separator: ", "))\(status.metered == true ? ", metered" : "")"
  }

  private static func conditions(_ status: WireNetworkStatus) -> [String] {
    ["\(status.status) \(status.since.timestamp)"]
      + (status.upstreams ?? []).map { "\($0.name) \($0.status) \($0.since.timestamp)" }
  }
}
