import TomboloPorts

/// When something is to be made ready, or forgotten, next. May be too early, never too late.
struct DueTimes: Hashable, Sendable {
  var earliest: Timestamp?
  /// When the first backoff ends.
  var earliestRetry: Timestamp?
  /// When the first lease ends, on a shared store.
  var earliestLease: Timestamp?
  /// When something of the history is to be pruned. Not part of `earliest`: nobody waits for it.
  var earliestPrune: Timestamp?

  /// To be found out by the next promotion.
  static let unknown = DueTimes(earliest: Timestamp(millisecondsSinceEpoch: .min))
}
