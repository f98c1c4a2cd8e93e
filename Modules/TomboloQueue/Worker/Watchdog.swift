import TomboloPorts

/// Notices that nothing moves although it could: something is due, the network is there, and for a while there was no progress.
/// A pure state machine; times are of the monotonic clock.
///
///     watching ──nothing moved for the limit──▶ stalled (told once; the worker is re-armed at every look)
///        ▲                                         │
///        └──progress, or nothing is due any more───┘ (recovered: the next stall is told again)
struct Watchdog {
  enum Finding: Equatable {
    /// Things move, or there is nothing to move.
    case well
    /// Nothing has moved since then; to be told.
    case stalled(since: Duration)
    /// It was told, and still nothing moves.
    case stillStalled
    /// After a stall things move again.
    case recovered
  }

  private var progressedAt: Duration
  private var hasTold = false

  init(at now: Duration) {
    progressedAt = now
  }

  /// Something moved: a delivery began, reported progress, or ended.
  mutating func progressed(at now: Duration) {
    progressedAt = now
  }

  /// It could not be found out whether anything is due: nothing is held against anybody for the time before. A stall that was told
  /// goes on.
  mutating func couldNotLook(at now: Duration) {
    if !hasTold { progressedAt = now }
  }

  /// - Parameter isDue: whether something could be delivered, or is being delivered.
  mutating func look(isDue: Bool, at now: Duration, limit: Duration) -> Finding {
    if !isDue { progressedAt = now }
    let hasMoved = now - progressedAt < limit
    switch (hasMoved, hasTold) {
    case (true, false): return .well
    case (true, true):
      hasTold = false
      return .recovered
    case (false, false):
      hasTold = true
      return .stalled(since: progressedAt)
    case (false, true): return .stillStalled
    }
  }
}
