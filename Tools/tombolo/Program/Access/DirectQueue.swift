import Foundation
import TomboloAgent
import TomboloComposition
import TomboloPorts
import TomboloQueue

/// The queue in the store itself, while no agent runs.
struct DirectQueue: QueueAccess {
  let queue: SyncQueue
  private let storage: StorageDescription
  private let advice: StorageAdvice
  private let isDurable: Bool

  init(queue: SyncQueue, _ chosen: ChosenStorage, _ registry: PluginRegistry) {
    self.queue = queue
    storage = StorageDescription(chosen.settings.engine)
    advice = StorageAdvice(chosen, registry)
    isDurable = storage.type != "memory"
  }

  func enqueue(_ operation: NewOperation, durability: StoreDurability?) async throws -> WireReceipt {
    guard isDurable else {
      throw CommandError(
        .failed,
        "no agent runs, and the storage is \(storage.type): the operation would be lost when this command ends. Start the "
          + "agent with `tombolo run`, or choose a storage that keeps what it is given")
    }
    let receipt = try await queue.enqueue(operation, durability: durability)
    var fields: [String: WireJSON] = ["id": .string(receipt.id.description), "state": .string(receipt.state.rawValue)]
    switch receipt.disposition {
    case .added: break
    case .repeated: fields["repeated"] = .boolean(true)
    case .replaced(let id): fields["replaced"] = .string(id.description)
    case .merged(let id): fields["merged"] = .string(id.description)
    case .kept: fields["kept"] = .boolean(true)
    case .appended(let id): fields["appended"] = .string(id.description)
    }
    if !receipt.dropped.isEmpty { fields["dropped"] = .array(receipt.dropped.map { .string($0.description) }) }
    return try JSONText.convert(.object(fields))
  }

  func status() async throws -> StatusReport {
    let status = try await queue.status()
    let queueStatus = WireJSON(status, now: queue.time.now)
    var storage = storage
    storage.advice = advice.text(status)
    return StatusReport(agent: nil, network: nil, queue: try JSONText.convert(queueStatus), storage: storage)
  }

  func page(_ filter: OperationFilter, cursor: String?, limit: Int) async throws -> WireOperationPage {
    let page = try await queue.list(filter, after: cursor.flatMap { OperationID($0) }, limit: limit)
    return try JSONText.convert(
      .object([
        "operations": .array(page.snapshots.map { WireJSON($0) }), "cursor": WireJSON(page.cursor?.description),
      ]))
  }

  func operation(_ id: OperationID) async throws -> OperationDocument {
    guard let snapshot = try await queue.snapshot(id) else {
      throw QueueError(.notFound, "there is no operation \(id): it was never enqueued here, or it is settled and gone")
    }
    return try OperationDocument(snapshot)
  }

  func retry(_ id: OperationID) async throws -> WireReceipt {
    try await queue.retry(id)
    let state = try await queue.snapshot(id)?.state ?? .pending
    return try JSONText.convert(.object(["id": .string(id.description), "state": .string(state.rawValue)]))
  }

  func resolve(_ id: OperationID, with choice: ConflictChoice) async throws -> WireReceipt {
    try await queue.resolve(id, with: choice)
    let state = choice == .remote ? .discarded : try await queue.snapshot(id)?.state ?? .pending
    return try JSONText.convert(.object(["id": .string(id.description), "state": .string(state.rawValue)]))
  }

  func discard(_ id: OperationID, reason: String) async throws -> WireReceipt {
    try await queue.discard(id, reason: reason)
    let state = OperationState.discarded.rawValue
    return try JSONText.convert(.object(["id": .string(id.description), "state": .string(state)]))
  }
}

extension StorageDescription {
  /// The storage that a config names.
  init(_ selection: PluginSelection) {
    let path: String? = if case .string(let path)? = selection.options.value("path") { path } else { nil }
    self.init(type: selection.identifier.name, path: path)
  }
}
