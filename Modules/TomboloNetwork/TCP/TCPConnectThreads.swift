import Synchronization
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

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
        let error = startDetachedThread {
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

/// What a thread is to do.
private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) {
    self.run = run
  }
}

/// Starts a thread that nobody joins; answers 0, or the system's error.
///
/// Safety: the pointer carries one strong reference. The thread takes it over; when no thread came about it is released here.
private func startDetachedThread(_ run: @escaping @Sendable () -> Void) -> Int32 {
  let body = Unmanaged.passRetained(ThreadBody(run))
  #if canImport(Darwin)
    var thread: pthread_t?
    let error = pthread_create(
      &thread, nil,
      { pointer in
        Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    if error == 0, let thread { pthread_detach(thread) }
  #else
    var thread = pthread_t()
    let error = pthread_create(
      &thread, nil,
      { pointer in
        if let pointer { Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    if error == 0 { pthread_detach(thread) }
  #endif
  if error != 0 { body.release() }
  return error
}

/// The system's words for one of its errors.
func systemMessage(_ error: Int32) -> String {
  guard let text = strerror(error) else { return "error \(error)" }
  return String(cString: text)
}
