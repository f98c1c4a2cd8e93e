/// How long the store waits for others that have the database open.
struct SQLiteTimeouts: Hashable, Sendable {
  /// For another program that holds what a statement needs.
  var busy: Duration
  /// For those who read, when the journal has to begin anew; never longer than `busy`.
  var restart = Duration.milliseconds(250)
}
