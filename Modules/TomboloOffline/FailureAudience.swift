import TomboloPorts

/// Who can do something about a failure.
public enum FailureAudience: String, Hashable, Sendable, CaseIterable {
  /// The person at the program: connect, sign in again, free space, enter something else.
  case user
  /// Us: it is a fault of the program or of the service.
  case program
}

/// An error that knows who can do something about it.
public protocol AudienceError: Error {
  var audience: FailureAudience { get }
}

extension OfflineError: AudienceError {}

extension FailureAudience {
  /// What an error says itself, or what its code means. An error that nobody knows is ours.
  public init(of error: any Error) {
    switch error {
    case let error as any AudienceError: self = error.audience
    case let failure as DeliveryFailure:
      self = [.unreachable, .timeout, .unauthorized].contains(failure.code) ? .user : .program
    case let error as StoreError: self = error.code == .full ? .user : .program
    default: self = .program
    }
  }
}
