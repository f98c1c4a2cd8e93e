public import GRPCCore
public import GRPCDelivery
import SwiftProtobuf

/// What the upstream of the tests answers to a call.
public enum UpstreamAnswer: Sendable {
  /// With a response; a method that takes raw messages answers an empty one.
  case response(Tombolo_Delivery_V1_DeliverResponse)
  /// With a status other than OK.
  case status(RPCError)
  /// Not at all, until the call is cancelled.
  case silence

  /// What a service that accepts everything answers.
  public static let delivered = response(.with { $0.delivered = .init() })
}
