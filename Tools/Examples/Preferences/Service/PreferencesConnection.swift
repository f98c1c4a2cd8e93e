import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Synchronization
import TomboloPorts

/// The connection that calls share. A client whose call found no connection is given up: it would fail further calls for the length
/// of its own backoff, and when the network is back the next call is to connect at once.
final class PreferencesConnection: Sendable {
  typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

  private let port: Int
  private let current = Mutex<Client?>(nil)
  private let clients: AsyncStream<Client>
  private let continuation: AsyncStream<Client>.Continuation

  init(port: Int) {
    self.port = port
    // A client comes only after the one before was given up, and is taken at once while `run` runs.
    (clients, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4))
  }

  /// Keeps the connections until the task is cancelled. Calls wait for it.
  func run() async {
    await withDiscardingTaskGroup { group in
      for await client in clients {
        group.addTask {
          do {
            try await client.runConnections()
          } catch {
            // The calls on it have been told; the next call makes another client.
            self.giveUp(client)
          }
        }
      }
    }
    current.withLock { $0 }?.beginGracefulShutdown()
  }

  func call<Answer: Sendable>(_ body: @Sendable (Client) async throws -> Answer) async throws -> Answer {
    let client = try client()
    do {
      return try await body(client)
    } catch let error as RPCError {
      let failure = Self.failure(error)
      if failure.code == .unreachable || failure.code == .timeout { giveUp(client) }
      throw failure
    } catch let error as RuntimeError {
      giveUp(client)
      throw DeliveryFailure(.unreachable, "the connection has ended: \(error.message)")
    }
  }

  private func client() throws -> Client {
    try current.withLock { current in
      if let current { return current }
      let client = GRPCClient(
        transport: try HTTP2ClientTransport.Posix(
          target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext))
      continuation.yield(client)
      current = client
      return client
    }
  }

  private func giveUp(_ client: Client) {
    let isCurrent = current.withLock { current in
      guard current === client else { return false }
      current = nil
      return true
    }
    if isCurrent { client.beginGracefulShutdown() }
  }

  private static func failure(_ error: RPCError) -> DeliveryFailure {
    switch error.code {
    case .unavailable: DeliveryFailure(.unreachable, "the server cannot be reached: \(error.message)")
    case .deadlineExceeded: DeliveryFailure(.timeout, "the server did not answer in time")
    case .invalidArgument: DeliveryFailure(.refused, error.message)
    case .unauthenticated, .permissionDenied: DeliveryFailure(.unauthorized, error.message)
    case .resourceExhausted: DeliveryFailure(.throttled, error.message)
    default: DeliveryFailure(.upstreamFailed, error.message)
    }
  }
}
