import TomboloResilience

/// How many operations of a kind may start now. A pure state machine: starts and ends in, room out; times are of the
/// monotonic clock.
struct KindLimiter {
  private struct Kind {
    var limit: KindLimit
    var bucket: TokenBucket?
    var underWayCount = 0
    /// Brought back from aside and not met yet, so that no more are brought than there is room for.
    var returningCount = 0
  }

  private var kinds: [String: Kind] = [:]

  init(_ limits: [String: KindLimit]) {
    for (kind, limit) in limits { kinds[kind] = Kind(limit: limit, bucket: limit.rate.map { TokenBucket($0) }) }
  }

  /// Takes in other limits. What is under way goes on counting.
  mutating func reconfigure(_ limits: [String: KindLimit]) {
    for kind in Set(kinds.keys).subtracting(limits.keys) { kinds[kind] = nil }
    for (kind, limit) in limits where kinds[kind]?.limit != limit {
      let underWayCount = kinds[kind]?.underWayCount ?? 0
      kinds[kind] = Kind(limit: limit, bucket: limit.rate.map { TokenBucket($0) }, underWayCount: underWayCount)
    }
  }

  /// Whether one more may start; it then counts until `ended`.
  mutating func admit(_ kind: String, at now: Duration) -> Bool {
    guard !kinds.isEmpty, var entry = kinds[kind] else { return true }
    defer { kinds[kind] = entry }
    entry.returningCount = max(0, entry.returningCount - 1)
    if let concurrency = entry.limit.concurrency, entry.underWayCount >= concurrency { return false }
    if case .refused? = entry.bucket?.take(1, at: now, waitMaximum: .zero) { return false }
    entry.underWayCount += 1
    return true
  }

  mutating func ended(_ kind: String) {
    guard !kinds.isEmpty, let entry = kinds[kind] else { return }
    kinds[kind]?.underWayCount = max(0, entry.underWayCount - 1)
  }

  /// How many may be brought back from aside now; they count as returning from then on.
  mutating func takeRoom(_ kind: String, at now: Duration) -> Int {
    let room = room(kind, at: now)
    kinds[kind]?.returningCount += room == .max ? 0 : room
    return room
  }

  private func room(_ kind: String, at now: Duration) -> Int {
    guard let entry = kinds[kind] else { return .max }
    var room = (entry.limit.concurrency ?? Self.returnCountMaximum) - entry.underWayCount
    if var bucket = entry.bucket {
      var tokenCount = 0
      while tokenCount < min(room, Self.returnCountMaximum),
        case .granted = bucket.take(1, at: now, waitMaximum: .zero)
      { tokenCount += 1 }
      room = min(room, tokenCount)
    }
    return max(0, min(room, Self.returnCountMaximum) - entry.returningCount)
  }

  /// Fewer came back than there was room for.
  mutating func returned(_ kind: String, _ count: Int, of room: Int) {
    guard let entry = kinds[kind] else { return }
    kinds[kind]?.returningCount = max(0, entry.returningCount - (room - count))
  }

  /// How long until there is room again that time alone brings: none where it has come since it was asked for last.
  func wait(_ kind: String, at now: Duration) -> Duration? {
    guard let entry = kinds[kind], var bucket = entry.bucket else { return nil }
    switch bucket.take(1, at: now, waitMaximum: .zero) {
    case .refused(let after): return after
    case .granted: return room(kind, at: now) > 0 ? .zero : nil
    }
  }

  static let returnCountMaximum = 64
}
