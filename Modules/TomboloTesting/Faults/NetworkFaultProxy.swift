import Foundation
import Synchronization
public import TomboloPorts

/// A real TCP proxy on the loopback interface that does to each connection what a pattern says, for tests with real clients
/// and servers.
///
///     let proxy = try NetworkFaultProxy(to: server.port, .first(2, .refused))
///     defer { proxy.stop() }
///     let client = HTTPDelivery(baseURL: "http://127.0.0.1:\(proxy.port)")
///
/// Faults are of connections: a client that keeps a connection open meets one fault for all its requests. `refused` accepts and
/// resets, since a port that nobody listens on cannot be taken back; `truncated` counts the bytes that come from the server;
/// `status` reads the head of a request and answers for the server, then closes. It has two threads for each connection, and
/// takes at most `connectionCountMaximum` at a time; further ones wait in the system's backlog.
public final class NetworkFaultProxy: Sendable {
  public static let connectionCountMaximum = 128

  private struct State {
    var sockets: [ObjectIdentifier: LoopbackSocket] = [:]
    var isStopped = false
  }

  /// Where clients connect to, at 127.0.0.1.
  public let port: UInt16
  private let serverPort: UInt16
  private let listener: LoopbackSocket
  private let book: NetworkFaultBook
  private let time: any TimeSource
  private let state = Mutex(State())
  /// Made empty and then filled: one that is let go of with less in it than at first traps.
  private let places = DispatchSemaphore(value: 0)

  /// Listens at once.
  ///
  /// - Parameters:
  ///   - serverPort: where connections go on to, at 127.0.0.1.
  ///   - time: stamps the records; delays always take real time.
  public init(
    to serverPort: UInt16, _ pattern: NetworkFaultPattern = .none, time: any TimeSource = SystemTimeSource(),
    seed: UInt64 = 1
  ) throws {
    (listener, port) = try LoopbackSocket.listening()
    self.serverPort = serverPort
    self.time = time
    book = NetworkFaultBook(pattern, seed: seed)
    for _ in 0..<Self.connectionCountMaximum { places.signal() }
    Thread.detachNewThread { [self] in acceptAll() }
  }

  /// Every connection, in the order in which they were accepted.
  public var records: [NetworkFaultRecord] { book.records }

  /// From now on another pattern counts for new connections, from its beginning.
  public func setPattern(_ pattern: NetworkFaultPattern) { book.set(pattern) }

  /// Breaks the connections that are open. With a pattern that lets none through, this is a partition.
  public func breakConnections() {
    for socket in state.withLock({ Array($0.sockets.values) }) { socket.shut() }
  }

  /// Takes no more connections and breaks those that are open.
  public func stop() {
    let sockets = state.withLock { state in
      state.isStopped = true
      return Array(state.sockets.values)
    }
    listener.shut()
    for socket in sockets { socket.shut() }
  }

  // MARK: - Connections

  private func acceptAll() {
    while true {
      places.wait()
      guard let client = listener.accepted(), !state.withLock({ $0.isStopped }) else { return }
      let fault = book.next(at: time.uptime)
      Thread.detachNewThread { [self] in
        hold(client) { serve(client, fault) }
        places.signal()
      }
    }
  }

  /// Keeps a socket where `stop` finds it, while `body` works.
  private func hold(_ socket: LoopbackSocket, _ body: () -> Void) {
    let isStopped = state.withLock { state in
      state.sockets[ObjectIdentifier(socket)] = socket
      return state.isStopped
    }
    if !isStopped { body() }
    state.withLock { _ = $0.sockets.removeValue(forKey: ObjectIdentifier(socket)) }
    socket.shut()
  }

  private func serve(_ client: LoopbackSocket, _ fault: NetworkFault) {
    switch fault {
    case .none: forward(client, answerMaximum: .max)
    case .refused: client.reset()
    case .latency(let duration):
      // Real latency for a real socket, on the thread of this connection alone.
      Thread.sleep(forTimeInterval: duration.inSeconds)
      forward(client, answerMaximum: .max)
    case .halfOpen: while !client.read().isEmpty {}
    case .truncated(let byteCount): forward(client, answerMaximum: max(0, byteCount))
    case .status(let status):
      readHead(client)
      client.write(Array("HTTP/1.1 \(status) Fault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
    }
  }

  /// Reads until the head of a request has ended, at most 64 KiB.
  private func readHead(_ client: LoopbackSocket) {
    var head: [UInt8] = []
    while head.count < 65_536, head.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
      let more = client.read()
      if more.isEmpty { return }
      head += more
    }
  }

  private func forward(_ client: LoopbackSocket, answerMaximum: Int) {
    let server: LoopbackSocket
    do {
      server = try LoopbackSocket.connected(to: serverPort)
    } catch {
      // The server is not there: its client meets the same.
      return client.reset()
    }
    hold(server) {
      let isDone = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        while true {
          let bytes = client.read()
          guard !bytes.isEmpty, server.write(bytes) else { break }
        }
        server.shutWriting()
        isDone.signal()
      }
      var rest = answerMaximum
      while rest > 0 {
        let bytes = server.read()
        guard !bytes.isEmpty, client.write(Array(bytes.prefix(rest))) else { break }
        rest -= bytes.count
      }
      client.shut()
      server.shut()
      isDone.wait()
    }
  }
}
