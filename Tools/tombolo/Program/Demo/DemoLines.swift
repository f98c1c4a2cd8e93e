/// Tells the demo line by line, for pipes, logs and terminals that cannot move their cursor.
struct DemoLines: DemoDisplay {
  private static let progressInterval = Duration.seconds(2)
  private var toldNoteCount = 0
  private var nextProgress = progressInterval
  private let write: @Sendable (String) throws -> Void

  init(write: @escaping @Sendable (String) throws -> Void = { try DemoScreen.write($0) }) { self.write = write }

  mutating func show(_ state: DemoState) throws {
    for note in state.notes.dropFirst(toldNoteCount) { try tell(note.elapsed, note.text) }
    toldNoteCount = state.notes.count
    guard state.elapsed >= nextProgress else { return }
    nextProgress = state.elapsed + Self.progressInterval
    try tell(state.elapsed, Self.progress(state))
  }

  func end() {}

  private func tell(_ elapsed: Duration, _ text: String) throws {
    try write(DemoText.rightAligned(DemoText.seconds(elapsed), 8) + "  " + text + "\n")
  }

  /// `limited; 31 pending, 40 blocked; 38 of 111 delivered`.
  static func progress(_ state: DemoState) -> String {
    let depth = state.depth
    let parts = [
      (depth.pending, "pending"), (depth.delivering, "delivering"), (depth.retrying, "retrying"),
      (depth.blocked, "blocked"), (depth.deadLettered, "dead-lettered"),
    ]
    let words = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return (state.network?.condition ?? "not running") + "; "
      + (words.isEmpty ? "nothing waits" : words.joined(separator: ", "))
      + "; \(state.deliveredCount) of \(state.enqueuedCount) delivered"
  }
}
