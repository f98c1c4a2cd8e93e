import Logging
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
        // A signal gets no answer that would say `try again`: it tries itself, until the program stops.
        _ = try await ReloadTurn.insist(
          pausing: { try await cancelWhenGracefulShutdown { try await Task.sleep(for: ReloadTurn.pause) } },
          { try await reloader.reload() })
      } catch let error as AgentReloadError {
        // The configuration before goes on. Any other reason is in the log already.
        if error.isBusy { reloader.logger.error("SIGHUP was not followed", metadata: ["error": "\(error)"]) }
      } catch is CancellationError where !Task.isCancelled {
        // The program stops.
        return
      }
    }
  }
}
