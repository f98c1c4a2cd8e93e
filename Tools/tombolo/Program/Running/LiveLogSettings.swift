import Synchronization
import TomboloComposition

/// What is logged and how, for every logger there is: a reload changes it under them.
final class LiveLogSettings: Sendable {
  private let state: Mutex<LoggingSettings>

  init(_ settings: LoggingSettings) { state = Mutex(settings) }

  var value: LoggingSettings {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}
