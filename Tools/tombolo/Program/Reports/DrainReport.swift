import TomboloAgent
import TomboloQueue

/// What `tombolo drain --json` tells.
struct DrainReport: Hashable, Codable {
  var attempted: Int
  var delivered: Int
  var retried: Int
  var snoozed: Int
  var conflicted: Int
  var parked: Int
  var deadLettered: Int
  var expired: Int
  var discarded: Int
  /// Given back unburnt.
  var released: Int
  /// Left alone at the end, by reason.
  var skipped: Skipped
  var seconds: Double
  var reachedDeadline: Bool
  /// When the next operation is due that waits for a time.
  var nextDueAt: WireTimestamp?

  struct Skipped: Hashable, Codable {
    var unreachable: Int
    var scheduled: Int
    var snoozed: Int
    var paused: Int
    var inactive: Int
    var limited: Int
    var notStarted: Int
    var retrying: Int
    var blocked: Int
    var held: Int
  }

  init(_ summary: ProcessingSummary) {
    attempted = summary.attempted
    delivered = summary.delivered
    retried = summary.retried
    snoozed = summary.snoozed
    conflicted = summary.conflicted
    parked = summary.parked
    deadLettered = summary.deadLettered
    expired = summary.expired
    discarded = summary.discarded
    released = summary.released
    let left = summary.skipped
    skipped = Skipped(
      unreachable: left.unreachable, scheduled: left.scheduled, snoozed: left.snoozed, paused: left.paused,
      inactive: left.inactive, limited: left.limited, notStarted: left.notStarted, retrying: left.retrying,
      blocked: left.blocked, held: left.held)
    seconds = Double(summary.duration.components.seconds) + Double(summary.duration.components.attoseconds) / 1e18
    reachedDeadline = summary.reachedDeadline
    nextDueAt = summary.nextDueAt.map { WireTimestamp($0) }
  }
}
