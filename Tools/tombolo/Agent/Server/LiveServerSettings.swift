import Synchronization

/// What may change about the HTTP interface while it serves.
final class LiveServerSettings: Sendable {
  private struct State {
    var configuration: AgentServerConfiguration
    var guardian: RequestGuard
    var reload: (@Sendable () async throws -> AgentReload)?
  }

  private let state: Mutex<State>

  init(_ configuration: AgentServerConfiguration) {
    state = Mutex(State(configuration: configuration, guardian: RequestGuard(configuration)))
  }

  var configuration: AgentServerConfiguration { state.withLock { $0.configuration } }
  var guardian: RequestGuard { state.withLock { $0.guardian } }

  var reload: (@Sendable () async throws -> AgentReload)? {
    get { state.withLock { $0.reload } }
    set { state.withLock { $0.reload = newValue } }
  }

  /// Takes in everything but what is set once: the address, and how many connections there may be. Answers whether the token
  /// is another one now.
  func update(_ next: AgentServerConfiguration) -> Bool {
    state.withLock { state in
      let isTokenNew = next.bearerToken != state.configuration.bearerToken
      var next = next
      next.address = state.configuration.address
      next.connectionsMaximum = state.configuration.connectionsMaximum
      state.configuration = next
      state.guardian = RequestGuard(next)
      return isTokenNew
    }
  }
}
