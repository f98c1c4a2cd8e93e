import TomboloPorts
import TomboloStorage

/// The reading half of a `FileStore`: reads the values of places that were looked up, on a thread of its own or in place
/// (`SerialThreadExecutor.run(on:_:)`).
actor FileReader {
  nonisolated let executor: SerialThreadExecutor

  init(executor: SerialThreadExecutor) { self.executor = executor }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func records(at places: [FileIndex.Place?]) throws -> [Record?] {
    try places.map { try $0?.record() }
  }

  func records(at places: [FileIndex.Place]) throws -> [Record] {
    try places.map { try $0.record() }
  }
}
