#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A port of this machine that neither accepts a connection nor refuses one: its queue is full, and nobody takes from it. To a
/// client it is a host that went away without a word.
package final class FullListener: Sendable {
  package var port: Int { listener.port }
  private let listener: SilentListener
  private let first: Int32

  /// `nil` when the system gives no socket; `errno` tells why.
  package init?() {
    // A queue of none holds one all the same: with the first connection it is full.
    guard let listener = SilentListener(queueLength: 0) else { return nil }
    self.listener = listener
    first = listener.connection()
    if first < 0 { return nil }
    // For the client it is there a moment before it takes its place in the queue.
    listener.waitForConnection()
  }

  deinit {
    if first >= 0 { close(first) }
  }
}
