import Hummingbird
import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization
import UnixSignals

/// A small, real HTTP server that plays the outside: it remembers what it accepts, recognises repeats, and misbehaves on
/// request.
///
///     let server = UpstreamServer()
///     try await withThrowingTaskGroup(of: Void.self) { group in
///       group.addTask { try await server.run() }
///       let port = try await server.boundPort()
///       server.memory.behaviours = [UpstreamBehaviour(status: 503, times: 3)]
///       // …
///       await server.stop()
///     }
///
/// | request | answer |
/// |---|---|
/// | `POST`, `PUT`, `PATCH` or `DELETE` `/{kind}` | accepts an operation: `{"status":"accepted"}`, or `"repeat"` |
/// | `GET /health` | 204 |
/// | `GET /received?offset=&limit=` | what was accepted, in that order |
/// | `GET /summary` | how much was accepted, repeated, asked for |
/// | `GET`, `PUT`, `DELETE` `/behaviour` | the rules for misbehaving: one, or a list |
public final class UpstreamServer: Service {
  private enum Phase {
    /// `run()` has not come so far; these wait for the port.
    case starting([AsyncStream<Int>.Continuation])
    case accepting(port: Int)
    case ended
  }

  private struct State {
    var phase = Phase.starting([])
    var group: ServiceGroup?
    var isStopped = false
  }

  public let memory: UpstreamMemory
  private let host: String
  private let port: Int
  private let observe: @Sendable (UpstreamEvent) -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - port: 0 for any that is free; see `boundPort()`.
  ///   - memory: that of another server, to go on where it stopped.
  ///   - observe: told of each operation when it is decided what to do about it, before that is done.
  public init(
    host: String = "127.0.0.1", port: Int = 0, memory: UpstreamMemory = UpstreamMemory(),
    observe: @escaping @Sendable (UpstreamEvent) -> Void = { _ in }
  ) {
    self.host = host
    self.port = port
    self.memory = memory
    self.observe = observe
  }

  /// Serves until `stop()`, a graceful shutdown, or cancellation. May be called once.
  ///
  /// - Throws: `UpstreamError` when the port is taken or cannot be had.
  public func run() async throws {
    try await serve(until: [])
  }

  /// Serves until the process is told to end (SIGINT, SIGTERM), too.
  ///
  /// - Throws: as `run()`.
  public func runUntilSignalled() async throws {
    try await serve(until: [.sigint, .sigterm])
  }

  private func serve(until signals: [UnixSignal]) async throws {
    let application = Application(
      responder: UpstreamResponder(memory: memory, observe: observe),
      configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
      onServerRunning: { [weak self] channel in self?.announce(port: channel.localAddress?.port) },
      logger: Self.silent)
    let group = ServiceGroup(services: [application], gracefulShutdownSignals: signals, logger: Self.silent)
    let mayRun = state.withLock { state in
      guard !state.isStopped else { return false }
      state.group = group
      return true
    }
    defer { end() }
    guard mayRun else { return }
    do {
      try await group.run()
    } catch let error as IOError {
      throw UpstreamServer.explain(error, host: host, port: port)
    }
  }

  /// Stops accepting, lets what is being answered finish, drops what hangs, and lets `run()` return.
  public func stop() async {
    let group = state.withLock { state in
      state.isStopped = true
      return state.group
    }
    await group?.triggerGracefulShutdown()
  }

  /// The port that is served, once it is.
  ///
  /// - Throws: `UpstreamError` when the server ended before it was.
  public func boundPort() async throws -> Int {
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
    let phase = state.withLock { state in
      if case .starting(let waiting) = state.phase { state.phase = .starting(waiting + [continuation]) }
      return state.phase
    }
    switch phase {
    case .starting: break
    case .accepting(let port): return port
    case .ended: continuation.finish()
    }
    for await port in ports { return port }
    try Task.checkCancellation()
    throw UpstreamError("the upstream ended before it accepted connections")
  }

  private func announce(port: Int?) {
    let waiting = move(to: .accepting(port: port ?? self.port))
    for continuation in waiting { continuation.yield(port ?? self.port) }
  }

  private func end() {
    let waiting = move(to: .ended)
    for continuation in waiting { continuation.finish() }
  }

  private func move(to phase: Phase) -> [AsyncStream<Int>.Continuation] {
    state.withLock { state in
      defer { state.phase = phase }
      guard case .starting(let waiting) = state.phase else { return [] }
      return waiting
    }
  }

  /// Hummingbird and the service group would report each start and stop.
  private static let silent = Logger(label: "upstream", factory: { _ in SwiftLogNoOpLogHandler() })
}
