import Synchronization
import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Shows on standard error how far a migration is: one line that is written over on a terminal, else a line for every tenth
/// of the whole and at least one every two seconds.
final class MigrationMeter: Sendable {
  private struct State {
    var phase: MigrationProgress.Phase?
    var start = Duration.zero
    var recordCountBefore = 0
    var lastTold: Duration?
    var tenthsTold = 0
    var isLineOpen = false
  }

  private let state = Mutex(State())
  private let time: any TimeSource
  private let isTerminal: Bool
  private let write: @Sendable (String) -> Void

  init(
    time: any TimeSource = SystemTimeSource(), isTerminal: Bool = isatty(STDERR_FILENO) == 1,
    write: @escaping @Sendable (String) -> Void = { Output.errorText($0) }
  ) {
    self.time = time
    self.isTerminal = isTerminal
    self.write = write
  }

  func show(_ progress: MigrationProgress) {
    let now = time.uptime
    let text = state.withLock { state -> String? in
      if state.phase != progress.phase {
        state.phase = progress.phase
        state.start = now
        state.recordCountBefore = progress.recordCount
        state.lastTold = nil
        state.tenthsTold = 0
      }
      let isDone = progress.recordCountTotal > 0 && progress.recordCount >= progress.recordCountTotal
      let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(2)
      let tenths = progress.recordCountTotal > 0 ? progress.recordCount * 10 / progress.recordCountTotal : 0
      let isStep = !isTerminal && tenths > state.tenthsTold
      if let last = state.lastTold, now - last < pause, !isDone, !isStep { return nil }
      state.lastTold = now
      state.tenthsTold = tenths
      state.isLineOpen = isTerminal
      let line = MigrationLine(
        progress: progress, elapsed: now - state.start, recordCountBefore: state.recordCountBefore)
      return isTerminal ? "\r\u{1B}[K" + line.text + (isDone ? "\n" : "") : line.text + "\n"
    }
    if let text { write(text) }
  }

  /// Ends the line that is written over.
  func end() {
    let isOpen = state.withLock { state in
      defer { state.isLineOpen = false }
      return state.isLineOpen
    }
    if isOpen { write("\r\u{1B}[K") }
  }
}
