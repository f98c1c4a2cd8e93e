/// Whom to ask first when a document is read.
public enum ReadingPolicy: Hashable, Sendable {
  /// The server; what is stored here when it cannot be asked. While the network is known to be down, what is stored here is
  /// taken at once, and the server is tried only when there is nothing.
  case networkFirst
  /// What is stored here; the server when there is nothing.
  case localFirst
  /// What is stored here when the server was heard no longer ago than `ageMaximum`. When that was longer ago than `fresh`,
  /// the server is asked in the background meanwhile (by `OfflineComposite.run`), for the next reader. Older than
  /// `ageMaximum` it is as `networkFirst`.
  case staleWhileRevalidate(fresh: Duration, ageMaximum: Duration)
  /// What is stored here, whatever that is.
  case localOnly
}
