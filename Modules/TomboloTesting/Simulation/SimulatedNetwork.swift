private import Synchronization
public import TomboloPorts

/// The network of a simulated world: its status, told to observers in the order they came.
public final class SimulatedNetwork: NetworkStatusSource {
  private struct State {
    var status: NetworkStatus
    var changedAt: Duration = .zero
    var lastToken = 0
    var observers: [(token: Int, continuation: AsyncStream<NetworkStatus>.Continuation)] = []
  }

  private let time: SimulatedTime
  private let trace: SimulationTrace
  private let state: Mutex<State>

  init(time: SimulatedTime, trace: SimulationTrace) {
    self.time = time
    self.trace = trace
    state = Mutex(State(status: NetworkStatus(.online, since: time.now)))
  }

  public var status: NetworkStatus { state.withLock { $0.status } }

  /// When the status last changed, on the monotonic clock.
  public var changedAt: Duration { state.withLock { $0.changedAt } }

  public func set(_ condition: NetworkStatus.Condition) {
    trace.note("\(time.uptime) network \(condition)")
    let (now, uptime) = (time.now, time.uptime)
    let evidence = NetworkEvidence(source: "simulation", condition: condition, detail: "the weather", at: now)
    let (status, observers) = state.withLock { state in
      state.status = NetworkStatus(condition, since: now, evidence: [evidence])
      state.changedAt = uptime
      return (state.status, state.observers)
    }
    for observer in observers { observer.continuation.yield(status) }
  }

  public func statuses() -> AsyncStream<NetworkStatus> {
    let (stream, continuation) = AsyncStream<NetworkStatus>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let token = state.withLock { state in
      state.lastToken += 1
      state.observers.append((state.lastToken, continuation))
      continuation.yield(state.status)
      return state.lastToken
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { $0.observers.removeAll { $0.token == token } }
    }
    return stream
  }

  public func report(_ experience: DeliveryExperience) -> NetworkStatus { status }
}
