public import TomboloPorts

/// Last writer wins: the version that was written later stands. What counts is the stamp of a `HybridLogicalClock`, where a
/// version has one, and the wall clock otherwise.
///
/// Equal times are told apart by the counter and then by the name of the writer, so that every device decides alike; where the
/// remote version does not name its writer, it stands.
///
/// A remote version that does not tell when it was written cannot be compared and parks the operation. So do clocks that are
/// too far apart: one that runs ahead must not win for ever.
public struct TimestampConflictResolver: ConflictResolver {
  /// A local version from further in the future of the remote one than this is not believed.
  public var skewMaximum: Duration
  /// A version, of either side, from further in the future of this device's clock is not believed. Only with a `time`.
  public var futureMaximum: Duration
  private let time: (any TimeSource)?

  public init(
    skewMaximum: Duration = .seconds(365 * 24 * 3_600), futureMaximum: Duration = .seconds(300),
    time: (any TimeSource)? = nil
  ) {
    self.skewMaximum = skewMaximum
    self.futureMaximum = futureMaximum
    self.time = time
  }

  public func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult {
    guard let there = remote.written ?? remote.modifiedAt.map({ HybridTimestamp(time: $0) }) else {
      return .park("the upstream holds another version and does not tell when it was written: \(remote.detail)")
    }
    let here = operation.written
    if there.time.duration(to: here.time) > skewMaximum {
      return .park("the clocks here (\(here.time)) and at the upstream (\(there.time)) are too far apart")
    }
    if let now = time?.now, now.duration(to: max(here.time, there.time)) > futureMaximum {
      let side = here.time > there.time ? "the version here" : "the upstream's version"
      return .park("\(side) is of \(max(here.time, there.time)), which is in the future: it is \(now) now")
    }
    if there.node.isEmpty, (here.time, here.counter) == (there.time, there.counter) { return .keepRemote }
    return here > there ? .applyLocal : .keepRemote
  }
}
