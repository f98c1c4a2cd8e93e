import Logging
import Synchronization
import TomboloPorts

/// Leases of a store that several processes share.
extension SyncWorker {
  /// Renews the leases of what is being delivered, three times in the time they last, until the task is cancelled.
  func renewLeases() async {
    while !Task.isCancelled {
      do {
        try await time.sleep(for: queue.configuration.leaseDuration / 3)
      } catch {
        // Cancelled: the worker ends.
        return
      }
      let leases = state.withLock { $0.leases }
      guard !leases.isEmpty else { continue }
      do {
        for id in try await queue.renew(leases.sorted { $0.key < $1.key }.map(\.value.claimed)) {
          leases[id]?.interruption.interrupt(.leaseLost)
        }
      } catch {
        logger.warning(
          "leases could not be renewed; trying again", metadata: ["count": "\(leases.count)", "error": "\(error)"])
      }
    }
  }

  /// Notes a lease for renewal; on a store that is not shared there is none.
  func noteLease(_ claimed: ClaimedOperation, _ interruption: Interruption) {
    guard claimed.token != nil else { return }
    state.withLock { $0.leases[claimed.id] = (claimed, interruption) }
  }
}
