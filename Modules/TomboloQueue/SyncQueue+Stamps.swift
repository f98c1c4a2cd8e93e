import Logging
import Synchronization
import TomboloPorts

/// The clock for versions goes on where it was, whatever the wall clock does meanwhile.
extension SyncQueue {
  /// The operation with a stamp of the clock for versions, when it has none.
  func stamped(_ operation: NewOperation, by clock: HybridLogicalClock, at now: Timestamp) -> NewOperation {
    guard !operation.headers.contains(where: { $0.name == HybridTimestamp.headerName }) else { return operation }
    return operation.written(at: clock.next(at: now))
  }

  /// Sets a clock that is to be used from now on behind all that this store was ever stamped with.
  func goOnStamping(_ clock: HybridLogicalClock?) {
    guard let clock else { return }
    let stored = engine.state.withLock { $0.newestStamp }
    for stamp in [configuration.versionClock?.last, stored].compactMap({ $0 }) { clock.advance(past: stamp) }
  }

  /// Tells a person of stamps that no other device will believe for a while. They are gone on with all the same: a lower stamp
  /// would let what was written before win over what is written now. Until the wall clock has caught up, conflicts with this device's
  /// versions go to a person on the others.
  func warnOfFarStamps() {
    guard let clock = configuration.versionClock else { return }
    let ahead = time.now.duration(to: clock.last.time)
    guard ahead > clock.skewMaximum else { return }
    logger.warning(
      "the version clock is far ahead of the wall clock: check the time of this machine",
      metadata: ["ahead": "\(ahead)", "newest": "\(clock.last)"])
  }
}

extension HybridLogicalClock {
  /// Notes in what is about to be committed how far this clock has come: every stamp in the commit was given before.
  func note(in counts: inout QueueCounts) {
    var last = self.last
    last.node = ""
    if last > counts.newestStamp ?? HybridTimestamp(time: Timestamp(millisecondsSinceEpoch: 0)) {
      counts.newestStamp = last
    }
  }
}
