import NIOCore
import NIOPosix
import TomboloAgent

extension AgentWorld {
  /// Sends lines as they are over a connection of their own, with `Host` unless `fields` has one, and answers with all that
  /// comes back.
  func sendRaw(_ requestLine: String, fields: [String]? = nil, body: String = "") async throws -> String {
    let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
    let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    switch address {
    case .tcp(_, let port):
      channel = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
      }
    case .unix(let path):
      channel = try await bootstrap.connect(unixDomainSocketPath: path) { channel in
        channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
      }
    }
    let lines = [requestLine] + (fields ?? ["Host: 127.0.0.1:\(port)"]) + ["Connection: close", "", body]
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(string: lines.joined(separator: "\r\n")))
      var answer = ""
      for try await part in inbound { answer += String(buffer: part) }
      return answer
    }
  }
}
