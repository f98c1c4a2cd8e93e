import Synchronization
import TomboloPorts

/// Runs connection attempts, each on a thread of its own, and bounds how many of those threads there are.
final class TCPConnectThreads: Sendable {
  /// More threads than this are never alive at once. One is the rule; others linger where a resolver hangs,
  /// and for a moment after a check was cancelled.
  static let countMaximum = 8

  private let alive = Mutex(0)

  /// How many threads have not ended.
  var count: Int { alive.withLock { $0 } }

  /// Tries to connect. Answers `nil` at once when the task is cancelled; the thread then ends by itself.
  func connect(to address: TCPAddress) async -> ProbeResult? {
    let attempt = TCPConnectAttempt(address)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard attempt.begin(continuation) else { return }
        guard reserve() else {
          attempt.finish(ProbeResult(.limited, detail: "earlier look-ups of \(address.host) are still under way"))
          return
        }
        let error = startDetachedThread(named: "tombolo-connect") {
          let result = attempt.run()
          // Before the answer: whoever gets it may check again at once.
          self.release()
          if let result { attempt.finish(result) }
        }
        guard error == 0 else {
          release()
          attempt.finish(ProbeResult(.limited, detail: "no thread to try \(address): \(systemMessage(error))"))
          return
        }
      }
    } onCancel: {
      attempt.cancel()
    }
  }

  private func reserve() -> Bool {
    alive.withLock { count in
      guard count < Self.countMaximum else { return false }
      count += 1
      return true
    }
  }

  private func release() {
    alive.withLock { $0 -= 1 }
  }
}
