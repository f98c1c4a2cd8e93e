import Synchronization
import TomboloAgent

/// Lets one reload through at a time and refuses the others.
final class ReloadTurn: Sendable {
  /// For how long a signal tries to get its turn: `triesMaximum` times with `pause` between them.
  static let triesMaximum = 60
  static let pause = Duration.milliseconds(500)

  /// A flag, as no lock is held across `await`.
  private let isTaken = Mutex(false)

  /// - Throws: `AgentReloadError` with `isBusy` when it is somebody else's turn; what `body` throws.
  func take<Result>(_ body: () async throws -> Result) async throws -> Result {
    let isFree = isTaken.withLock { isTaken in
      defer { isTaken = true }
      return !isTaken
    }
    guard isFree else {
      throw AgentReloadError(isBusy: true, "another reload is under way: try again when it has ended")
    }
    defer { isTaken.withLock { $0 = false } }
    return try await body()
  }

  /// Runs `reload` again while it is refused as busy: the file may have changed after the reload under way had read it.
  ///
  /// - Parameter tries: how often at the most; at least once.
  /// - Throws: What `reload` throws: after the last try, that it is busy still.
  static func insist(
    tries: Int = triesMaximum, pausing pause: () async throws -> Void, _ reload: () async throws -> AgentReload
  ) async throws -> AgentReload {
    for _ in 1..<max(2, tries) {
      do {
        return try await reload()
      } catch let error as AgentReloadError where error.isBusy {
        try await pause()
      }
    }
    return try await reload()
  }
}
