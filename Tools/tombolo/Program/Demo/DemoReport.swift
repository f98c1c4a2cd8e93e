import TomboloQueue

/// What the demo found in the end.
struct DemoReport: Sendable {
  var check: DemoCheck
  /// How many operations were on disk before the restart, and how many afterwards.
  var storedBeforeRestart: Int
  var storedAfterRestart: Int
  /// What the restart lost or invented, if anything.
  var restartProblems: [String]
  var measurements: DemoMeasurements
  /// What each process did, in words.
  var processing: [String]

  var problems: [String] { check.problems + restartProblems }

  /// The result in words, for standard output.
  var lines: [String] {
    let received = check.received.count
    var lines = [
      "Enqueued \(check.accepted.count); the upstream says it received \(received), and refused "
        + "\(check.deadLettered.count) for good (kept as a dead letter).",
      "Repeats: \(check.repeatCount), recognised by their idempotency key.",
      "Restart: \(storedBeforeRestart) on disk before, \(storedAfterRestart) after.",
    ]
    if let words = measurements.recoveryWords { lines.append("Time \(words).") }
    if let words = measurements.completionWords { lines.append("Delivered: \(words) after the status change.") }
    for (index, words) in processing.enumerated() { lines.append("Process \(index + 1): \(words).") }
    if problems.isEmpty {
      lines.append("Everything arrived, each once, and the order of all \(check.keyCount) ordering keys held.")
    }
    return lines
  }

  /// What a worker did, without what is zero.
  static func words(_ summary: ProcessingSummary) -> String {
    let parts = [
      (summary.attempted, "attempts"), (summary.delivered, "delivered"), (summary.retried, "to be retried"),
      (summary.released, "given back unburnt"), (summary.snoozed, "put off"), (summary.conflicted, "conflicts"),
      (summary.parked, "parked"), (summary.deadLettered, "dead-lettered"), (summary.expired, "expired"),
      (summary.discarded, "discarded"),
    ]
    let words = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return words.isEmpty ? "nothing to do" : words.joined(separator: ", ")
  }
}

/// The demo did not come to a good end; with the reason.
struct DemoError: Error, Hashable, CustomStringConvertible {
  var message: String

  init(_ message: String) { self.message = message }

  var description: String { message }
}
