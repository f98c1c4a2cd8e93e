public import GRPCCore
public import GRPCDelivery

/// A call as it arrived.
public struct ReceivedCall: Sendable {
  /// `package.Service/Method`
  public var method: String
  public var metadata: Metadata
  /// The message of a call of `OperationDelivery/Deliver`.
  public var request: Tombolo_Delivery_V1_DeliverRequest?
  /// The message of any other call.
  public var bytes: [UInt8] = []

  /// The first value under this name, as text.
  public func text(_ name: String) -> String? {
    metadata[stringValues: name].first { _ in true }
  }

  /// The first value under this name, as bytes.
  public func bytes(_ name: String) -> [UInt8]? {
    metadata[binaryValues: name].first { _ in true }
  }
}
