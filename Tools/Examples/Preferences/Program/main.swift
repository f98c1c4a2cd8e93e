import Logging
import PreferencesExample
import TomboloStorage

try await BasicExample(store: InMemoryStore(), logger: Logger(label: "preferences")).run { print($0) }
