private import Synchronization
public import TomboloPorts

/// Stamps what is written on this device, so that a later writing has a later stamp even where the wall clock stands still or
/// goes back, and even where another device's clock runs ahead: what was seen of others moves this clock on.
///
///     let clock = HybridLogicalClock(node: "phone-7")
///     try await queue.enqueue(NewOperation(kind: "note.set", payload: note).written(at: clock.next(at: time.now)))
///
/// A stamp from more than `skewMaximum` ahead of the wall clock is not taken over: one clock in the year 2099 must not move all
/// the others there.
///
/// As `QueueConfiguration.versionClock` it goes on over restarts: the queue keeps the greatest stamp in the commits that need it,
/// and sets the clock on when it opens.
public final class HybridLogicalClock: Sendable {
  /// What clocks share of which one goes on where the other is.
  private final class Newest: Sendable {
    let stamp: Mutex<HybridTimestamp>
    init(_ stamp: HybridTimestamp) { self.stamp = Mutex(stamp) }
  }

  public let node: String
  /// How far ahead of this device's wall clock another's stamp may be.
  public let skewMaximum: Duration
  private let newest: Newest

  /// - Parameters:
  ///   - node: the name of this device, different from all others.
  ///   - last: the greatest stamp given before, where a program without a queue keeps it itself: then order survives a restart
  ///     with a clock that was set back.
  public init(node: String, skewMaximum: Duration = .seconds(300), last: HybridTimestamp? = nil) {
    self.node = node
    self.skewMaximum = skewMaximum
    newest = Newest(last ?? HybridTimestamp(time: Timestamp(millisecondsSinceEpoch: 0), node: node))
  }

  /// The same clock under other settings: whichever of the two is asked, each stamp is greater than all that either has given or
  /// seen.
  public init(node: String, skewMaximum: Duration = .seconds(300), continuing other: HybridLogicalClock) {
    self.node = node
    self.skewMaximum = skewMaximum
    newest = other.newest
  }

  /// The greatest stamp given or seen.
  public var last: HybridTimestamp { newest.stamp.withLock { $0 } }

  /// A stamp greater than all that were given and seen before.
  public func next(at now: Timestamp) -> HybridTimestamp {
    newest.stamp.withLock { newest in
      newest = Self.after(newest, at: now, node: node)
      return newest
    }
  }

  /// Takes in the stamp of another device; `false` when it is too far ahead to be believed, and nothing changed.
  @discardableResult
  public func observe(_ other: HybridTimestamp, at now: Timestamp) -> Bool {
    guard now.duration(to: other.time) <= skewMaximum else { return false }
    advance(past: other)
    return true
  }

  /// Each stamp from now on is greater than `stamp`, however far ahead that is: it is one of this device's own.
  func advance(past stamp: HybridTimestamp) {
    newest.stamp.withLock { $0 = max($0, stamp) }
  }

  private static func after(_ newest: HybridTimestamp, at now: Timestamp, node: String) -> HybridTimestamp {
    if now > newest.time { return HybridTimestamp(time: now, node: node) }
    let (counter, overflow) = newest.counter.addingReportingOverflow(1)
    if overflow { return HybridTimestamp(time: newest.time.advanced(by: .milliseconds(1)), node: node) }
    return HybridTimestamp(time: newest.time, counter: counter, node: node)
  }
}

extension NewOperation {
  /// The operation with a stamp that says when it was written; see `TimestampConflictResolver`.
  public func written(at stamp: HybridTimestamp) -> NewOperation {
    var operation = self
    operation.headers.removeAll { $0.name == HybridTimestamp.headerName }
    operation.headers.append(OperationHeader(name: HybridTimestamp.headerName, value: stamp.description))
    return operation
  }
}
