import GRPCCore

/// Sends bytes that are a serialized message already.
struct RawSerializer: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
}

/// Gives a response as the bytes it came in.
struct RawDeserializer: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> [UInt8] {
    serializedMessageBytes.withUnsafeBytes { Array($0) }
  }
}

/// Reads a response no larger than a limit.
///
/// The transport has a limit as well, but cannot be given one for responses alone: what it takes for the limit of a response is
/// the option for requests.
struct LimitedDeserializer<Base: MessageDeserializer>: MessageDeserializer {
  let base: Base
  let byteCountMaximum: Int

  func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> Base.Message {
    let count = serializedMessageBytes.withUnsafeBytes(\.count)
    guard count <= byteCountMaximum else {
      throw RPCError(
        code: .internalError, message: "its answer has \(count) bytes, but no more than \(byteCountMaximum) are read")
    }
    return try base.deserialize(serializedMessageBytes)
  }
}
