public import GRPCCore
import GRPCDelivery
import GRPCProtobuf
import Synchronization

/// A service that remembers what it got and answers what it is told to: `OperationDelivery`, and `notes.v1.Notes/Put`, which
/// takes raw messages.
public final class UpstreamService: RegistrableRPCService {
  public static let rawMethod = MethodDescriptor(fullyQualifiedService: "notes.v1.Notes", method: "Put")
  private static let deliver = MethodDescriptor(
    fullyQualifiedService: "tombolo.delivery.v1.OperationDelivery", method: "Deliver")

  private struct State {
    var answers: [UpstreamAnswer] = []
    var standing = UpstreamAnswer.delivered
    var received: [ReceivedCall] = []
  }

  private let state = Mutex(State())
  private let onCall: @Sendable (ReceivedCall) -> Void

  /// - Parameter onCall: hears of each call before it is answered.
  public init(onCall: @escaping @Sendable (ReceivedCall) -> Void = { _ in }) {
    self.onCall = onCall
  }

  public var received: [ReceivedCall] { state.withLock { $0.received } }

  /// Answers the next calls with these, one each.
  public func answer(_ answers: UpstreamAnswer...) { state.withLock { $0.answers += answers } }

  /// What every further call is answered with.
  public func alwaysAnswer(_ answer: UpstreamAnswer) { state.withLock { $0.standing = answer } }

  public func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    router.registerHandler(
      forMethod: Self.deliver, deserializer: ProtobufDeserializer<Tombolo_Delivery_V1_DeliverRequest>(),
      serializer: ProtobufSerializer<Tombolo_Delivery_V1_DeliverResponse>()
    ) { request, context in
      let request = try await ServerRequest(stream: request)
      let call = ReceivedCall(
        method: context.descriptor.fullyQualifiedMethod, metadata: request.metadata, request: request.message)
      return StreamingServerResponse(single: try await self.answer(to: call) { $0 })
    }
    router.registerHandler(
      forMethod: Self.rawMethod, deserializer: BytesCoder(), serializer: BytesCoder()
    ) { request, context in
      let request = try await ServerRequest(stream: request)
      let call = ReceivedCall(
        method: context.descriptor.fullyQualifiedMethod, metadata: request.metadata, bytes: request.message)
      return StreamingServerResponse(single: try await self.answer(to: call) { _ in [] })
    }
  }

  private func answer<Message: Sendable>(
    to call: ReceivedCall, _ message: (Tombolo_Delivery_V1_DeliverResponse) -> Message
  ) async throws -> ServerResponse<Message> {
    let answer = state.withLock { state in
      state.received.append(call)
      return state.answers.isEmpty ? state.standing : state.answers.removeFirst()
    }
    onCall(call)
    switch answer {
    case .response(let response): return ServerResponse(message: message(response))
    case .status(let error): return ServerResponse(error: error)
    case .silence:
      // Ends when the call is cancelled or the process is killed.
      try await Task.sleep(for: .seconds(3_600))
      return ServerResponse(error: RPCError(code: .cancelled, message: "nobody waits any longer"))
    }
  }
}

/// Bytes as they are.
struct BytesCoder: MessageSerializer, MessageDeserializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
  func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> [UInt8] {
    serializedMessageBytes.withUnsafeBytes { Array($0) }
  }
}
