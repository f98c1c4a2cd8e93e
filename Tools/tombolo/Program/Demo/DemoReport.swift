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

  /// The result in words, for standard output, no line longer than `width`.
  func lines(width: Int) -> [String] {
    let refused = check.deadLettered.count
    var rows = [
      ("Enqueued", "\(check.accepted.count)"),
      (
        "Received", "\(check.received.count), as the upstream says; repeats recognised: \(check.repeatCount)"
      ),
      ("Refused", "\(refused) for good, kept as \(refused == 1 ? "a dead letter" : "dead letters")"),
      ("Restart", "\(storedBeforeRestart) on disk before, \(storedAfterRestart) after"),
    ]
    if let words = measurements.recoveryWords { rows.append(("Recovery", words)) }
    for (index, words) in processing.enumerated() { rows.append(("Process \(index + 1)", words)) }
    var lines = rows.flatMap { DemoText.wrapped($0.1, label: $0.0, labelWidth: 11, width: width) }
    if problems.isEmpty {
      lines += DemoText.wrapped(
        "Everything arrived, each once, and the order of all \(check.keyCount) ordering keys held.", width: width)
    }
    return lines
  }

  /// What a worker did, without what is zero.
  static func words(_ summary: ProcessingSummary) -> String {
    let parts = [
      (summary.attempted, "attempts"), (summary.delivered, "delivered"), (summary.retried, "retried"),
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
