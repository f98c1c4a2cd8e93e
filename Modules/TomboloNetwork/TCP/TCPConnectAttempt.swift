import Synchronization
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One look-up and connection, run on a thread and awaited by a task. Whoever finishes it first decides the answer.
///
///     created ── begin ─▶ running ── finish, cancel ─▶ finished
///        └───────────── cancel ───────────────────────────▲
final class TCPConnectAttempt: Sendable {
  private enum State {
    /// Nobody waits yet.
    case created
    /// A task waits. While the thread polls, writing to the descriptor wakes it.
    case running(CheckedContinuation<ProbeResult?, Never>, wakeDescriptor: Int32?)
    /// Answered.
    case finished
  }

  private let address: TCPAddress
  private let state = Mutex(State.created)

  init(_ address: TCPAddress) {
    self.address = address
  }

  /// Takes the continuation of the task that waits. False, and the answer `nil`, when it was cancelled before.
  func begin(_ continuation: CheckedContinuation<ProbeResult?, Never>) -> Bool {
    let isWanted = state.withLock { state in
      guard case .created = state else { return false }
      state = .running(continuation, wakeDescriptor: nil)
      return true
    }
    if !isWanted { continuation.resume(returning: nil) }
    return isWanted
  }

  /// Answers, unless that has been done.
  func finish(_ result: ProbeResult?) {
    let continuation = state.withLock { state -> CheckedContinuation<ProbeResult?, Never>? in
      defer { state = .finished }
      guard case .running(let continuation, let wakeDescriptor) = state else { return nil }
      // Under the lock the thread cannot close the descriptor meanwhile.
      if let wakeDescriptor { _ = write(wakeDescriptor, "!", 1) }
      return continuation
    }
    continuation?.resume(returning: result)
  }

  /// Answers `nil` and lets the thread end.
  func cancel() {
    finish(nil)
  }

  /// Looks up and connects, on the calling thread; the answer is to be given to `finish`. `nil` when nobody waits for it.
  func run() -> ProbeResult? {
    do {
      let wakePipe = try WakePipe()
      defer {
        watch(nil)
        wakePipe.closeEnds()
      }
      guard watch(wakePipe.writing) else { return nil }
      let race = try TCPConnectRace(address)
      guard try race.run(until: wakePipe.reading) else { return nil }
      return ProbeResult(.online, detail: "\(address) accepts connections")
    } catch {
      return ProbeResult(.limited, detail: error.message)
    }
  }

  /// Sets what wakes the thread; false when nobody waits any more.
  @discardableResult
  private func watch(_ descriptor: Int32?) -> Bool {
    state.withLock { state in
      guard case .running(let continuation, _) = state else { return false }
      state = .running(continuation, wakeDescriptor: descriptor)
      return true
    }
  }
}

/// Why a connection did not come about, in words for a person.
struct TCPConnectError: Error {
  var message: String
}

/// A pipe whose reading end becomes readable to wake a thread that polls.
struct WakePipe {
  let reading: Int32
  let writing: Int32

  init() throws(TCPConnectError) {
    var ends: [Int32] = [-1, -1]
    #if os(Linux)
      // Swift does not see `pipe2`. A pair of sockets does as well, and no program that is started meanwhile inherits it; 1 is
      // SOCK_STREAM, a number in one C library and an enumeration in the other, and the flag of open(2) is that of socket(2).
      let result = socketpair(AF_UNIX, 1 | O_CLOEXEC, 0, &ends)
    #else
      let result = pipe(&ends)
    #endif
    guard result == 0 else {
      throw TCPConnectError(message: "cannot make a pipe: \(systemMessage(errno))")
    }
    (reading, writing) = (ends[0], ends[1])
    #if !os(Linux)
      _ = fcntl(reading, F_SETFD, FD_CLOEXEC)
      _ = fcntl(writing, F_SETFD, FD_CLOEXEC)
    #endif
  }

  func closeEnds() {
    close(reading)
    close(writing)
  }
}
