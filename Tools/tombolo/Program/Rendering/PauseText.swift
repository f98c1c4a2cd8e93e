import TomboloAgent

/// What is paused, one a line.
struct PauseText: CustomStringConvertible {
  let pauses: WirePauses
  let clock: WallClock

  var description: String {
    guard !pauses.pauses.isEmpty else { return "nothing is paused" }
    return Columns.text(
      [["PAUSED", "SINCE", "WHY"]]
        + pauses.pauses.map { pause in
          [Self.scope(pause), clock.ago(pause.since.timestamp), SafeText.line(pause.reason, limit: 120)]
        })
  }

  func print(asJSON: Bool) throws {
    if asJSON { Output.line(bytes: try JSONText.encode(pauses)) } else { Output.line("\(self)") }
  }

  private static func scope(_ pause: WirePause) -> String {
    if let kind = pause.kind { return "the kind \(SafeText.line(kind, limit: 60))" }
    guard let key = pause.orderingKey else { return "the queue" }
    let text = "the ordering key \(SafeText.line(key, limit: 60))"
    return pause.namespace.map { "\(text) of \(SafeText.line($0, limit: 60))" } ?? text
  }
}
