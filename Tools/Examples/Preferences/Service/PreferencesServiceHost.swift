import GRPCCore
import GRPCNIOTransportHTTP2Posix
package import TomboloPorts

/// The service on a socket of this machine.
package struct PreferencesServiceHost: Sendable {
  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let transport: HTTP2ServerTransport.Posix

  /// - Parameters:
  ///   - port: 0 for any that is free.
  ///   - onEdit: hears of each edit before it is made: its identity and its device.
  package init(
    store: any KeyValueStore, port: Int = 0,
    onEdit: @escaping @Sendable (_ idempotencyKey: String, _ deviceID: String) -> Void = { _, _ in }
  ) {
    transport = HTTP2ServerTransport.Posix(
      address: .ipv4(host: "127.0.0.1", port: port), transportSecurity: .plaintext)
    server = GRPCServer(
      transport: transport, services: [Service(book: PreferencesBook(store: store), onEdit: onEdit)])
  }

  /// Serves until the task is cancelled.
  package func run() async throws { try await server.serve() }

  /// The port, once it listens.
  package func boundPort() async throws -> Int { try await transport.listeningAddress.ipv4?.port ?? 0 }

  private struct Service: Tombolo_Examples_Preferences_V1_PreferencesService.SimpleServiceProtocol {
    let book: PreferencesBook
    let onEdit: @Sendable (String, String) -> Void

    func getPreferences(
      request: Tombolo_Examples_Preferences_V1_GetPreferencesRequest, context: ServerContext
    ) async throws -> Tombolo_Examples_Preferences_V1_StoredPreferences {
      try await book.record(of: request.userID).stored
    }

    func editPreferences(
      request: Tombolo_Examples_Preferences_V1_EditPreferencesRequest, context: ServerContext
    ) async throws -> Tombolo_Examples_Preferences_V1_EditPreferencesReply {
      guard !request.userID.isEmpty, !request.idempotencyKey.isEmpty else {
        throw RPCError(code: .invalidArgument, message: "user_id and idempotency_key must not be empty")
      }
      onEdit(request.idempotencyKey, request.deviceID)
      return try await book.edit(request)
    }
  }
}
