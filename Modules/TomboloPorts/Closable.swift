/// Something that holds resources which do not go away by themselves: files, sockets, threads.
///
/// The composition closes what it made, in reverse order, when making a later part fails and when the system stops.
public protocol Closable: Sendable {
  /// Releases everything. Calling it again is no error.
  func close() async throws
}
