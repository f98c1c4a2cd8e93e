/// Hands operations to the outside.
///
/// **Repeats.** An operation may be delivered more than once: a process may end after the outside acted and before that was
/// stored. `idempotencyKey` is the same each time.
///
/// **Concurrency.** `deliver` is called for several operations at once, never for two of one ordering key.
///
/// **Cancellation.** When its task is cancelled the handler should end soon; whatever it then answers or throws, the
/// operation goes back unburnt, unless it answers `delivered`.
///
/// **Throwing** is only the default mapping: a `ClassifiedError` is treated as it says, a `DeliveryFailure` and everything
/// else as transient.
public protocol OperationHandler: Sendable {
  /// The outside this handler talks to. Operations for one upstream are suspended together.
  var upstream: String { get }

  /// The outside that this operation goes to, for a handler that stands for several. By default `upstream`.
  func upstream(for operation: SyncOperation) -> String

  /// Makes one attempt.
  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome
}

extension OperationHandler {
  public func upstream(for operation: SyncOperation) -> String { upstream }
}

/// What a handler is told about the attempt it makes.
public struct DeliveryAttempt: Hashable, Sendable {
  /// 1 for the first attempt. Attempts that burnt nothing are not counted.
  public var number: Int
  /// After a conflict that was resolved in favour of the local version: the remote one it is to replace.
  public var replacing: RemoteVersion?
  /// On a store that several processes share: greater for each delivery than for all before it. A receiver that notes the
  /// greatest it has seen can refuse a process that was thought dead.
  public var fencingToken: UInt64?
  private var reporter: ProgressReporter?

  public init(
    number: Int, replacing: RemoteVersion? = nil, fencingToken: UInt64? = nil, reporter: ProgressReporter? = nil
  ) {
    self.number = number
    self.replacing = replacing
    self.fencingToken = fencingToken
    self.reporter = reporter
  }

  /// Tells how far a long delivery has come. It is a sign of life too: the attempt's time limit begins anew, and the queue's
  /// watchdog is content. Cheap enough to be called for every part sent; returns at once.
  public func report(_ progress: DeliveryProgress) {
    reporter?.report(progress)
  }
}
