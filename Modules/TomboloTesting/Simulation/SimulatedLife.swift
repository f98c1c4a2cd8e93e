private import Synchronization

/// Whether a simulated process lives.
final class SimulatedLife: Sendable {
  private struct State {
    var hasCrashed = false
    var isClosed = false
  }

  let number: Int
  private let state = Mutex(State())
  /// Ends when the process crashes.
  let crashes: AsyncStream<Never>
  private let crashContinuation: AsyncStream<Never>.Continuation

  init(number: Int) {
    self.number = number
    (crashes, crashContinuation) = AsyncStream<Never>.makeStream()
  }

  var hasCrashed: Bool { state.withLock { $0.hasCrashed } }
  var isOpen: Bool { state.withLock { !$0.hasCrashed && !$0.isClosed } }

  func crash() {
    state.withLock { $0.hasCrashed = true }
    crashContinuation.finish()
  }

  func close() {
    state.withLock { $0.isClosed = true }
  }
}

/// What the parts of a world share.
final class SimulationEnvironment: Sendable {
  let time: SimulatedTime
  let trace: SimulationTrace
  private let present: Mutex<SimulationFaults>

  init(time: SimulatedTime, trace: SimulationTrace, faults: SimulationFaults) {
    self.time = time
    self.trace = trace
    present = Mutex(faults)
  }

  var faults: SimulationFaults {
    get { present.withLock { $0 } }
    set { present.withLock { $0 = newValue } }
  }

  func note(_ line: String) {
    trace.note("\(time.uptime) \(line)")
  }
}
