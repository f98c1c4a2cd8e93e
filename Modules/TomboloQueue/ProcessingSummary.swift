public import TomboloPorts

/// What one processing pass did.
public struct ProcessingSummary: Hashable, Sendable {
  /// Calls of a handler.
  public internal(set) var attempted = 0
  public internal(set) var delivered = 0
  /// Attempts that failed and will be repeated after their backoff.
  public internal(set) var retried = 0
  /// Put off without burning an attempt.
  public internal(set) var snoozed = 0
  /// Attempts that met another version on the other side, whatever the resolver decided.
  public internal(set) var conflicted = 0
  public internal(set) var parked = 0
  public internal(set) var deadLettered = 0
  public internal(set) var expired = 0
  /// Ended by a resolver that keeps the remote version.
  public internal(set) var discarded = 0
  /// Given back unburnt, because the network, the upstream's consent or the worker went away.
  public internal(set) var released = 0
  /// Left alone at the end of the pass, and why.
  public internal(set) var skipped = Skipped()
  public internal(set) var duration = Duration.zero
  /// Whether time was up before the work was done (`SyncWorker.process(until:)`).
  public internal(set) var reachedDeadline = false
  /// When the next operation is due that waits for a time, so that the next pass can be planned; `nil` when none does.
  public internal(set) var nextDueAt: Timestamp?

  public init() {}

  /// What a pass left alone, by reason. How many there are in all is exact. Telling them apart takes no more than a look at the first
  /// thousand of each reason: where there are more for two reasons at a time, those beyond count as not started.
  public struct Skipped: Hashable, Sendable {
    /// Could be delivered, but for the network (the moment to wait for after an outage included), or the handler's own upstream, which
    /// is suspended. What another upstream of the handler refuses is put off, and counts as snoozed.
    public internal(set) var unreachable = 0
    /// Are not to be delivered before a later time.
    public internal(set) var scheduled = 0
    /// Were put off without burning an attempt, and their time has not come.
    public internal(set) var snoozed = 0
    /// Belong to what is paused: the queue, their kind, or their ordering key.
    public internal(set) var paused = 0
    /// Belong to a namespace that is not active.
    public internal(set) var inactive = 0
    /// Wait for their kind's limit: its deliveries at once, or its rate.
    public internal(set) var limited = 0
    /// Nothing stood in their way when the pass ended: a deadline came first, or they came too late for it, or another process has
    /// them.
    public internal(set) var notStarted = 0
    /// Wait for their backoff.
    public internal(set) var retrying = 0
    /// Wait for an earlier operation of their ordering key.
    public internal(set) var blocked = 0
    /// Wait for a person.
    public internal(set) var held = 0

    public init() {}

    public var total: Int {
      unreachable + scheduled + snoozed + paused + inactive + limited + notStarted + retrying + blocked + held
    }
  }
}

extension ProcessingSummary: CustomStringConvertible {
  /// One line for people: what is zero is left out.
  public var description: String {
    func part(_ count: Int, _ word: String) -> String? { count == 0 ? nil : "\(count) \(word)" }
    let done = [
      part(attempted, attempted == 1 ? "attempt" : "attempts"), part(delivered, "delivered"), part(retried, "retried"),
      part(snoozed, "snoozed"), part(conflicted, "conflicted"), part(parked, "parked"),
      part(deadLettered, "dead-lettered"), part(expired, "expired"), part(discarded, "discarded"),
      part(released, "given back"),
    ].compactMap { $0 }
    let left = [
      part(skipped.unreachable, "unreachable"), part(skipped.scheduled, "scheduled for later"),
      part(skipped.snoozed, "put off"), part(skipped.paused, "paused"),
      part(skipped.inactive, "of an inactive namespace"), part(skipped.limited, "at the limit of their kind"),
      part(skipped.notStarted, "not started"), part(skipped.retrying, "waiting for their backoff"),
      part(skipped.blocked, "behind another"), part(skipped.held, "waiting for a person"),
    ].compactMap { $0 }
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    let time = "in \(Double(Int(seconds * 100)) / 100) s"
    let doneText = done.isEmpty ? "nothing to do" : done.joined(separator: ", ")
    let end = reachedDeadline ? "\(time), cut short by its deadline" : time
    return left.isEmpty ? "\(doneText), \(end)" : "\(doneText), \(end); left: \(left.joined(separator: ", "))"
  }
}
