/// Turns a state into lines of text. Pure: where they go, and in which colours, is the business of `DemoScreen`.
enum DemoFrame {
  /// A line and what kind of line it is.
  struct Line: Equatable {
    enum Tone { case plain, title, good, bad, quiet }

    var text: String
    var tone = Tone.plain
  }

  /// Where there is room for more lines than these, heading included, the story so far gets the rest.
  private static let eventsUsual = 14
  private static let labelWidth = 10

  /// The whole picture, no line longer than `width`, no more lines than `height`.
  static func lines(_ state: DemoState, width: Int, height: Int) -> [Line] {
    let head = head(state, width: width)
    let room = max(0, height - head.count)
    let notes = section(
      "So far", state.notes.map { Line(text: note($0)) },
      room: max(room / 2, room - eventsUsual))
    let events = section(
      "Latest operations", state.events.map { Line(text: event($0), tone: tone($0)) }, room: room - notes.count)
    let lines = head + notes + events
    return lines.prefix(height).map { Line(text: DemoText.fitted($0.text, to: width), tone: $0.tone) }
  }

  /// A heading and as many of the newest lines as there is room for; nothing when there is none.
  private static func section(_ heading: String, _ lines: [Line], room: Int) -> [Line] {
    guard room > 2 else { return [] }
    return [Line(text: ""), Line(text: heading, tone: .title)] + lines.suffix(room - 2)
  }

  private static func head(_ state: DemoState, width: Int) -> [Line] {
    let title = "Tombolo: an outage, live"
    let clock = DemoText.seconds(state.elapsed)
    let depth = state.depth
    let numbers = " \(state.deliveredCount) of \(state.enqueuedCount) delivered"
    let bar = DemoText.bar(
      state.deliveredCount, of: state.enqueuedCount, width: max(10, min(60, width - labelWidth - numbers.count)))
    return [
      Line(text: title + DemoText.rightAligned(clock, max(0, width - title.count)), tone: .title),
      Line(text: ""),
      labelled("Phase", "\(state.phase.position)  \(state.phase.words)"),
      network(state.network),
      labelled(
        "Queue",
        "pending \(DemoText.column("\(depth.pending)", 5)) delivering \(DemoText.column("\(depth.delivering)", 4)) "
          + "retrying \(DemoText.column("\(depth.retrying)", 4)) blocked \(DemoText.column("\(depth.blocked)", 5)) "
          + "dead \(depth.deadLettered)"),
      labelled("Progress", bar + numbers),
    ]
  }

  private static func labelled(_ label: String, _ text: String, _ tone: Line.Tone = .plain) -> Line {
    Line(text: DemoText.column(label, labelWidth) + text, tone: tone)
  }

  private static func network(_ network: DemoState.Network?) -> Line {
    guard let network else { return labelled("Network", "the process is not running", .quiet) }
    return labelled(
      "Network", "\(network.condition) for \(DemoText.seconds(network.age)): \(network.reason)",
      network.isOnline ? .good : .bad)
  }

  private static func note(_ note: DemoState.Note) -> String {
    DemoText.rightAligned(DemoText.seconds(note.elapsed), 8) + "  " + note.text
  }

  private static func event(_ event: DemoState.Event) -> String {
    let operation = event.operation
    return "  " + DemoText.column(event.verb, 14) + DemoText.column(operation.priority, 11)
      + DemoText.column(operation.kind, 17) + DemoText.column(operation.orderingKey ?? "-", 10) + event.detail
  }

  private static func tone(_ event: DemoState.Event) -> Line.Tone {
    switch event.verb {
    case DemoVerb.delivered: .good
    case DemoVerb.refused, DemoVerb.retried: .bad
    case DemoVerb.accepted: .quiet
    default: .plain
    }
  }
}

/// The words for what happens to an operation.
enum DemoVerb {
  static let accepted = "accepted"
  static let delivered = "delivered"
  static let retried = "to be retried"
  static let returned = "given back"
  static let refused = "dead-lettered"
}
