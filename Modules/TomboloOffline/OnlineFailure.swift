import TomboloPorts

/// What a failed online call means for the caller: the rules, without a store or a network.
enum OnlineFailure: Hashable, Sendable {
  /// What is here serves instead: read it, or queue the edit.
  case fallBack
  /// The service will never accept it: the caller is told, and nothing is stored.
  case final

  init(_ error: any Error) {
    switch error {
    case let failure as DeliveryFailure:
      self = [.refused, .unknownKind, .undecodable].contains(failure.code) ? .final : .fallBack
    case let error as any ClassifiedError:
      self = error.classification == .permanent ? .final : .fallBack
    default: self = .fallBack
    }
  }
}
