/// When to read the tables, and when to tell what was read. A pure state machine.
///
///              news                quiet, or waited enough
///     resting ──────▶ gathering ───────────────────────────▶ reading
///        ▲                ▲                                     │
///        │                └── news meanwhile: read again ───────┤
///        └──────────── nothing new: tell ───────────────────────┘
///
/// What was read while something changed may fit together badly and is read again before it is told; in a storm without
/// end every third reading is told as it is, so that an observer is never more than a second behind.
struct NetlinkPace {
  /// News are gathered until none came for this long.
  static let quietMilliseconds: Int32 = 10
  /// In a storm readings follow each other no faster than this, the last value for all that follow.
  private static let gatheringLimitsMilliseconds: [Int32] = [50, 100, 200, 400]
  private static let untoldMaximum = 3

  private var stormyReadings = 0
  private var untold = 0

  /// How long to gather at most before the next reading.
  var gatheringLimitMilliseconds: Int32 {
    let limits = Self.gatheringLimitsMilliseconds
    return limits[min(stormyReadings, limits.count - 1)]
  }

  /// A reading ended. `isSteady` is false when something changed while it went on. Tells whether it is to be told; when it
  /// was not steady, another is to follow.
  mutating func read(isSteady: Bool) -> Bool {
    guard !isSteady else {
      stormyReadings = 0
      untold = 0
      return true
    }
    stormyReadings = min(stormyReadings + 1, Self.gatheringLimitsMilliseconds.count)
    untold += 1
    guard untold >= Self.untoldMaximum else { return false }
    untold = 0
    return true
  }
}
