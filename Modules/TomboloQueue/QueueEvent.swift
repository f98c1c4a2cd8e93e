public import TomboloPorts

/// Something that happened to an operation, told after it is durable.
public struct QueueEvent: Hashable, Sendable {
  public enum Change: Hashable, Sendable {
    case enqueued
    /// A handler was called for the attempt of this number.
    case started(attempt: Int)
    /// Its handler reported how far it has come. Told at most once a second for each operation.
    case progressed(DeliveryProgress)
    case delivered(attempt: Int)
    /// An attempt failed; the next is due then.
    case retried(DeliveryFailure, due: Timestamp)
    /// Put off without burning an attempt; due then.
    case snoozed(DeliveryFailure, due: Timestamp)
    /// Went back unburnt: the network or the worker went away, or the upstream refuses everybody.
    case released(DeliveryFailure?)
    /// The outside holds another version, and the resolver decided.
    case conflicted(ResolutionResult)
    case parked(DeliveryFailure)
    case deadLettered(DeliveryFailure)
    /// Put back in line by hand.
    case redriven
    case discarded(reason: String)
    case expired
    case superseded(by: OperationID)
    /// It is due and the network is there, yet nothing at all has moved since then. Told once, until things have moved again.
    case stalled(since: Timestamp)
  }

  public var id: OperationID
  public var kind: String
  public var change: Change
  public var at: Timestamp

  public init(id: OperationID, kind: String, change: Change, at: Timestamp) {
    self.id = id
    self.kind = kind
    self.change = change
    self.at = at
  }
}
