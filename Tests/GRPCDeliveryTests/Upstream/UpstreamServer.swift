import GRPCCore
public import GRPCNIOTransportHTTP2Posix

/// A gRPC server on a real socket of this machine.
public struct UpstreamServer: Sendable {
  public let service: UpstreamService
  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let transport: HTTP2ServerTransport.Posix

  /// - Parameter port: 0 for any that is free.
  public init(
    _ service: UpstreamService, port: Int = 0, security: HTTP2ServerTransport.Posix.TransportSecurity = .plaintext
  ) {
    self.service = service
    transport = HTTP2ServerTransport.Posix(
      address: .ipv4(host: "127.0.0.1", port: port), transportSecurity: security)
    server = GRPCServer(transport: transport, services: [service])
  }

  /// Serves until the task is cancelled.
  public func run() async throws { try await server.serve() }

  /// The port, once it listens.
  public func boundPort() async throws -> Int { try await transport.listeningAddress.ipv4?.port ?? 0 }
}
