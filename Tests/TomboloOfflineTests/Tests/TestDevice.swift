import Logging
import Synchronization
import TomboloPorts
import TomboloQueue
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

/// One device: a store, its documents, its worker, in a world where nothing happens by itself.
struct TestDevice: Sendable {
  let base: any KeyValueStore
  let store: OfflineStore
  let preferences: DocumentCollection<Preferences>
  let time: ManualTimeSource
  let network: ScriptedNetwork
  let told: NoticeList

  static func open(
    _ base: any KeyValueStore = InMemoryStore(), after opening: TestDevice? = nil,
    _ configure: (inout QueueConfiguration) -> Void = { _ in }
  ) async throws -> TestDevice {
    var configuration = QueueConfiguration()
    configuration.backoff = Backoff.constant(.seconds(10))
    configure(&configuration)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let (time, told) = (opening?.time ?? ManualTimeSource(), opening?.told ?? NoticeList())
    let store = try await OfflineStore.open(
      store: base, configuration: configuration, time: time, logger: logger, onNotice: { told.add($0) })
    let preferences = DocumentCollection(Preferences.self, in: store)
      .edited(by: SetCurrency.self).edited(by: SetTheme.self).edited(by: AddFavourite.self)
      .edited(by: AppendFavourite.self)
    return TestDevice(
      base: base, store: store, preferences: preferences, time: time,
      network: opening?.network ?? ScriptedNetwork(), told: told)
  }

  /// The same store in a new process.
  func reopened() async throws -> TestDevice { try await TestDevice.open(base, after: self) }

  func composite(onlineTimeout: Duration = .seconds(10)) -> OfflineComposite<Preferences> {
    OfflineComposite(preferences, network: network, onlineTimeout: onlineTimeout)
  }

  /// One pass of a worker with this handler.
  @discardableResult
  func drain(
    _ handler: any OperationHandler, resolver: any ConflictResolver = TimestampConflictResolver()
  ) async throws -> ProcessingSummary {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try await SyncWorker(
      queue: store.queue, handler: handler, network: network, resolver: resolver, logger: logger
    ).drain()
  }

  @discardableResult
  func edit<Edit: DocumentEdit>(_ edit: Edit, id: String? = nil) async throws -> EnqueueReceipt?
  where Edit.Document == Preferences {
    try await store.write { try $0.edit(preferences, edit, editID: id) }.first
  }

  func value(_ id: String = "7") async throws -> Preferences? { try await preferences.read(id).value }

  var operationIDs: Set<String> {
    get async throws { Set(try await store.queue.list(limit: 1_000).snapshots.map(\.operation.idempotencyKey)) }
  }
}

final class NoticeList: Sendable {
  private let list = Mutex<[EditNotice]>([])
  func add(_ notice: EditNotice) { list.withLock { $0.append(notice) } }
  var all: [EditNotice] { list.withLock { $0 } }
}

/// Every record of every document in a store, as it is stored.
func storedRecords(in store: any KeyValueStore) async throws -> [DocumentRecord] {
  let range = KeyRange.prefix(Key([DocumentKey.tag, UInt8(ascii: "v")]))
  return try await store.scan(range, limit: 10_000).map {
    try DocumentRecord($0.value, at: DocumentKey(type: "", id: ""))
  }
}

/// A failure of an online call with a classification of its own.
struct ClassifiedFailure: ClassifiedError, Equatable {
  var classification: FailureClassification
}
