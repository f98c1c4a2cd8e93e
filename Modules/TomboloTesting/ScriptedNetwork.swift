import Synchronization
public import TomboloPorts

/// A network that is as it is told.
///
///     let network = ScriptedNetwork(.offline)
///     network.set(.online)
public final class ScriptedNetwork: NetworkStatusSource {
  private struct State {
    var status: NetworkStatus
    var experiences: [DeliveryExperience] = []
    var lastToken = 0
    var continuations: [Int: AsyncStream<NetworkStatus>.Continuation] = [:]
  }

  private let state: Mutex<State>

  public init(_ condition: NetworkStatus.Condition = .online) {
    state = Mutex(State(status: NetworkStatus(condition, since: Timestamp(millisecondsSinceEpoch: 0))))
  }

  public var status: NetworkStatus { state.withLock { $0.status } }

  /// What deliveries reported.
  public var experiences: [DeliveryExperience] { state.withLock { $0.experiences } }

  /// - Parameter isForced: whether it is so by a person's decision.
  public func set(_ condition: NetworkStatus.Condition, isForced: Bool = false) {
    state.withLock { state in
      let at = Timestamp(millisecondsSinceEpoch: 0)
      let source = isForced ? NetworkEvidence.overrideSource : "script"
      let evidence = NetworkEvidence(source: source, condition: condition, detail: "so it was told", at: at)
      state.status = NetworkStatus(condition, since: at, evidence: [evidence])
      for continuation in state.continuations.values { continuation.yield(state.status) }
    }
  }

  public func statuses() -> AsyncStream<NetworkStatus> {
    let (stream, continuation) = AsyncStream<NetworkStatus>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let token = state.withLock { state in
      state.lastToken += 1
      state.continuations[state.lastToken] = continuation
      continuation.yield(state.status)
      return state.lastToken
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.continuations.removeValue(forKey: token) }
    }
    return stream
  }

  public func report(_ experience: DeliveryExperience) -> NetworkStatus {
    state.withLock { state in
      state.experiences.append(experience)
      return state.status
    }
  }
}
