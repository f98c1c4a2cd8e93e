/// How long each part of the demo takes.
struct DemoPace: Sendable {
  /// How long operations flow while the upstream is there.
  var onlineDuration: Duration
  /// How long the outage lasts before the process is restarted.
  var outageDuration: Duration
  /// How long the numbers of the restart stay on the screen.
  var restartPause: Duration
  /// How long the outage goes on after the restart.
  var outageDurationAfterRestart: Duration
  /// The time between two operations of the person who works.
  var enqueueInterval: Duration
  /// How long the upstream takes to answer, so that the recovery can be followed.
  var answerMilliseconds: Int
  /// The longest the recovery may take; what has not arrived then is reported as missing.
  var recoveryDurationMaximum: Duration

  /// About half a minute: time to read.
  static let readable = DemoPace(
    onlineDuration: .seconds(5), outageDuration: .seconds(8), restartPause: .seconds(2),
    outageDurationAfterRestart: .seconds(4), enqueueInterval: .milliseconds(100), answerMilliseconds: 250,
    recoveryDurationMaximum: .seconds(25))

  /// A few seconds: for trying and for tests.
  static let fast = DemoPace(
    onlineDuration: .milliseconds(800), outageDuration: .milliseconds(1_200), restartPause: .milliseconds(200),
    outageDurationAfterRestart: .milliseconds(800), enqueueInterval: .milliseconds(30), answerMilliseconds: 40,
    recoveryDurationMaximum: .seconds(20))
}
