/// Where an operation is on its way.
///
///     enqueue ─▶ pending ─▶ delivering ─▶ delivered
///        │          ▲          │ │ └─▶ deadLettered ─┐
///        ▼          │          │ └───▶ parked ───────┤ retry by hand
///     blocked ──────┤          ▼                     │
///                   └───── retrying                  │
///                   └────────────────────────────────┘
///
/// Every state but the gone ones can also end in `discarded` (by a person), `expired` or `superseded`.
public enum OperationState: String, Hashable, Sendable, CaseIterable {
  /// Waits for its turn, its `notBefore`, or the network.
  case pending
  /// A handler is at work on it.
  case delivering
  /// Waits for its backoff after a failed attempt.
  case retrying
  /// An earlier operation of its ordering key, or one it depends on, is not settled.
  case blocked
  /// Needs a person or a newer program.
  case parked
  /// Failed for good; kept for a person to retry or discard.
  case deadLettered

  /// Gone: the outside has it.
  case delivered
  /// Gone: a person, or a conflict resolver that keeps the remote version, decided so.
  case discarded
  /// Gone: its `expiresAt` passed before it was delivered.
  case expired
  /// Gone: a newer operation with the same coalescing key took its place.
  case superseded

  /// Whether nothing more will happen to it.
  public var isGone: Bool {
    switch self {
    case .pending, .delivering, .retrying, .blocked, .parked, .deadLettered: false
    case .delivered, .discarded, .expired, .superseded: true
    }
  }
}
