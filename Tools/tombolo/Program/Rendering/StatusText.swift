import TomboloAgent
import TomboloPorts

/// How things are, as `tombolo status` tells of it.
struct StatusText: CustomStringConvertible {
  let report: StatusReport
  let clock: WallClock

  var description: String {
    let queue = report.queue
    var rows = [
      ["agent", report.agent.map { "running on \($0)" } ?? "not running: nothing is delivered until `tombolo run`"]
    ]
    if let network = report.network { rows.append(["network", Self.network(network, clock)]) }
    rows.append(["storage", ([report.storage.type] + [report.storage.path].compactMap { $0 }).joined(separator: ", ")])
    if let advice = report.storage.advice { rows.append(["advice", SafeText.line(advice, limit: 600)]) }
    rows.append(["waiting", waiting])
    if let since = queue.stalledSince {
      rows.append([
        "stalled",
        "nothing has moved for \(clock.age(since.timestamp)): look at the log, and at what the upstream does",
      ])
    }
    if queue.parked > 0 || queue.deadLettered > 0 {
      rows.append([
        "for a person",
        Self.counts([("parked", queue.parked), ("dead-lettered", queue.deadLettered)])
          + ": see `tombolo list`, then `tombolo retry` or `tombolo discard`",
      ])
    }
    if let resilience = report.resilience { rows.append(["policies", ResilienceText(resilience).description]) }
    rows.append([
      "settled",
      "\(queue.delivered) delivered"
        + Self.suffix([
          ("discarded", queue.discarded), ("expired", queue.expired), ("superseded", queue.superseded),
        ]),
    ])
    return Columns.text(rows)
  }

  private var waiting: String {
    let queue = report.queue
    let counts = Self.counts([
      ("pending", queue.pending), ("delivering", queue.delivering), ("retrying", queue.retrying),
      ("blocked", queue.blocked),
    ])
    guard !counts.isEmpty else { return "nothing" }
    let oldest = queue.oldestPendingSeconds.map { "; the oldest for \(DurationWords.text(.seconds($0)))" } ?? ""
    return "\(counts) (\(ByteCountWords.text(queue.bytes)))\(oldest)"
  }

  /// `offline for 3 min 20 s (10:38:47)`, and what the sources say in that direction.
  static func network(_ network: WireNetworkStatus, _ clock: WallClock) -> String {
    let since = network.since.timestamp
    let text = "\(network.status) for \(clock.age(since))"
    let details = network.sources.filter { $0.condition == network.status && !$0.detail.isEmpty }
      .map { "\($0.source): \(SafeText.line($0.detail, limit: 120))" }
    return details.isEmpty ? text : "\(text) (\(details.joined(separator: "; ")))"
  }

  private static func counts(_ counts: [(String, Int)]) -> String {
    counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
  }

  private static func suffix(_ counts: [(String, Int)]) -> String {
    let text = Self.counts(counts)
    return text.isEmpty ? "" : ", \(text)"
  }
}
