import Synchronization
import TomboloPorts

/// Tells the policies around a delivery whether the network is there.
///
/// The policies are made with the delivery and the monitor after it, so that it can ask a probe that a reload replaces: the
/// monitor is named to the hint when it is there.
final class NetworkHint: Sendable {
  private let source = Mutex<(any NetworkStatusSource)?>(nil)

  /// Whether `source` says so; true before there is one, as a status is never a reason to refuse a call.
  var isOnline: Bool { source.withLock { $0 }?.status.isOnline ?? true }

  func follow(_ source: any NetworkStatusSource) { self.source.withLock { $0 = source } }
}
