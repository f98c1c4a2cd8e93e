import TomboloAgent
import TomboloPorts

/// The status of the network in sentences, for `tombolo network check`.
struct NetworkExplanation: CustomStringConvertible {
  let status: WireNetworkStatus
  /// Where the agent that was asked listens; `nil` when the command looked itself.
  let agent: String?
  let clock: WallClock

  var description: String {
    var lines = ["The network is \(status.status)\(since(status.since)). \(Self.meaning(status.status))"]
    lines += status.sources.map { source($0) }
    if status.sources.isEmpty { lines.append("Nothing was asked that could say anything else.") }
    if !status.sources.contains(where: { $0.source == NetworkEvidence.systemSource }) {
      lines.append("The system is not asked, or cannot tell: the log says which.")
    }
    lines += interfaces
    for upstream in status.upstreams ?? [] {
      lines.append("The upstream \(SafeText.line(upstream.name)) is \(upstream.status)\(since(upstream.since)).")
      lines += upstream.sources.filter { $0.source != "system" && $0.source != "override" }.map { "  " + source($0) }
    }
    lines.append(
      agent.map { "This is what the agent on \($0) knows." }
        ?? "No agent runs; the command asked the sources of the config itself, just now.")
    return lines.joined(separator: "\n")
  }

  private static func meaning(_ status: String) -> String {
    switch status {
    case "offline":
      "There is no way out of this machine: operations wait, and go out as soon as a way is back."
    case "limited":
      "There is a network, but the other side does not answer: operations wait, and now and then one is tried."
    case "portal":
      "Something answers that is not the other side, such as a sign-in page: open any page in a browser and sign in."
    default: "Operations are delivered."
    }
  }

  private func since(_ moment: WireTimestamp) -> String {
    agent == nil ? "" : " for \(clock.age(moment.timestamp)) (since \(clock.text(moment.timestamp)))"
  }

  private func source(_ source: WireNetworkSource) -> String {
    let detail = SafeText.line(source.detail, limit: 200)
    let age = clock.ago(source.at.timestamp)
    switch source.source {
    case "override": return "A person decided so: it was set by hand \(age). `PUT /v1/network` takes it back."
    case "system": return "The system says \(source.condition): \(detail), since \(clock.text(source.at.timestamp))."
    case "probe": return "The probe says \(source.condition): \(detail), \(age)."
    case "delivery": return "The last delivery says \(source.condition): \(detail), \(age)."
    default: return "\(SafeText.line(source.source)) says \(source.condition): \(detail), \(age)."
    }
  }

  private var interfaces: [String] {
    (status.interfaces ?? []).map { interface in
      let families = [interface.ipv4 ? "IPv4" : nil, interface.ipv6 ? "IPv6" : nil].compactMap { $0 }
      let addresses = families.isEmpty ? "no address" : families.joined(separator: " and ")
      return "The interface \(SafeText.line(interface.name)) (\(interface.kind)) is up with \(addresses)"
        + (interface.wayOut ? " and carries the way out." : ".")
    } + (status.metered == true ? ["The way out is paid by volume."] : [])
  }
}
