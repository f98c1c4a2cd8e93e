import ServiceLifecycle
import TomboloAgent
import UnixSignals

/// Reloads whenever the process gets SIGHUP.
struct ReloadOnHangup: Service {
  /// Taken before anything is served, so that no signal ends the process from then on.
  let signals: UnixSignalsSequence
  let reloader: Reloader

  func run() async throws {
    for await _ in signals.cancelOnGracefulShutdown() {
      do {
        _ = try await reloader.reload()
      } catch is AgentReloadError {
        // Told in the log; the configuration before goes on.
        continue
      }
    }
  }
}
