import Synchronization
import TomboloPorts
import TomboloTesting

@testable import TomboloQueue

/// What becomes of one of two processes on one store, while the other goes on: now and then it stalls for longer than a lease, or
/// it dies.
final class HolderFate: Sendable {
  private struct State {
    var random: SeededGenerator
    var stalledUntil = Duration.zero
    var isDead = false
  }

  let holder: String
  private let time: any TimeSource
  private let trace: SimulationTrace
  /// How long it stalls; `nil` for one that never does.
  private let stall: ClosedRange<Duration>?
  private let state: Mutex<State>

  init(
    holder: String, time: any TimeSource, trace: SimulationTrace, stall: ClosedRange<Duration>?, random: SeededGenerator
  ) {
    self.holder = holder
    self.time = time
    self.trace = trace
    self.stall = stall
    state = Mutex(State(random: random))
  }

  var isDead: Bool { state.withLock { $0.isDead } }

  /// From now on it reaches its store no more; what it has leased stays leased.
  func die() {
    trace.note("\(time.uptime) \(holder) is killed")
    state.withLock { $0.isDead = true }
  }

  /// Returns when the process goes on; throws when it is dead.
  ///
  /// - Parameter isLeasing: that it was just given leases, when a stall is likelier.
  func meet(isLeasing: Bool = false) async throws {
    if let stall {
      let now = time.uptime
      let pause = state.withLock { state -> Duration? in
        guard state.stalledUntil <= now, Double.random(in: 0..<1, using: &state.random) < (isLeasing ? 0.25 : 0.002)
        else { return nil }
        let range = stall.lowerBound.wholeMilliseconds...stall.upperBound.wholeMilliseconds
        let pause = Duration.milliseconds(Int64.random(in: range, using: &state.random))
        state.stalledUntil = now + pause
        return pause
      }
      if let pause { trace.note("\(now) \(holder) stalls for \(pause)") }
      while case let rest = state.withLock({ $0.stalledUntil }) - time.uptime, rest > .zero, !Task.isCancelled {
        do { try await time.sleep(for: rest) } catch { break }
      }
    }
    if isDead { throw StoreError(.closed, "this simulated process was killed") }
  }
}

extension Batch {
  /// Whether it gives leases.
  var isLeasing: Bool {
    mutations.contains { mutation in
      guard case .put(let key, _) = mutation else { return false }
      return QueueLayout.leases.contains(key)
    }
  }
}
