import Logging
public import TomboloPorts
import TomboloStorage

extension SyncQueue {
  /// Stores one operation and returns when it is durable.
  ///
  /// Throws `QueueError` with `invalidOperation`, `payloadTooLarge` or `full`, and what the store throws; nothing was
  /// stored then. The one exception is `StoreError.Code.outcomeUnknown`: enqueue again with the same idempotency key.
  @discardableResult
  public func enqueue(
    _ operation: consuming NewOperation, durability: StoreDurability? = nil
  ) async throws -> EnqueueReceipt {
    // One by itself, without a list: it is what most callers do.
    let submitted = SubmittedRequest(try addition(of: operation, durability))
    // Even when it throws: what was stored and lost its answer is to be delivered too.
    defer { workArrived.signal() }
    await gatherer.submit(submitted)
    guard case .receipt(let receipt) = try submitted.result() else {
      throw QueueError(.invalidOperation, "the queue gave no receipt for an operation")
    }
    return receipt.isOfAnother ? await withState(receipt) : receipt
  }

  /// Stores several operations, all or none, in the order given.
  ///
  /// - Parameter companion: changes of the caller's own, to other keys of the same store, that are committed with the
  ///   operations or not at all: a local change and the operation that tells the outside about it. When one of its checks
  ///   does not hold, `StoreError` with `conflict` is thrown and nothing was stored.
  /// - Parameter durability: What the operations have to have reached when this returns; `nil` for what
  ///   `QueueConfiguration.durability` says, and where that says nothing for what the store is set to. With
  ///   `normal` a store that flushes every commit need not wait for the disk: a power cut may take the operations, the end of the
  ///   process does not. With `full` a store that is set to less flushes this once. A store that cannot tell commits apart does
  ///   what it is set to; where that is less than asked for, `QueueError` with `invalidOperation` is thrown.
  public func enqueue(
    _ operations: [NewOperation], alongside companion: Batch = Batch(), durability: StoreDurability? = nil
  ) async throws -> [EnqueueReceipt] {
    guard !operations.isEmpty || !companion.isEmpty else { return [] }
    if !companion.isEmpty { try refuseOwnKeys(in: companion) }
    let configuration = engine.sharedConfiguration
    let durability = try reachable(durability ?? configuration.values.durability)
    let operations = withOwnHeaders(operations, configuration.values.headersAtEnqueue)
    let now = time.now
    let prepared = try prepare(operations, configuration.values, at: now)
    // Even when it throws: what was stored and lost its answer is to be delivered too.
    defer { workArrived.signal() }
    guard case .receipts(var receipts) = try await submit(.enqueue(prepared, alongside: companion, durability)) else {
      return []
    }
    for index in receipts.indices where receipts[index].isOfAnother {
      receipts[index] = await withState(receipts[index])
    }
    return receipts
  }

  /// With the state that the operation is in by now.
  private func withState(_ receipt: EnqueueReceipt) async -> EnqueueReceipt {
    guard !receipt.state.isGone else { return receipt }
    var receipt = receipt
    do {
      if let snapshot = try await snapshot(receipt.id) { receipt.state = snapshot.state }
    } catch {
      // Everything is stored, so this is no reason to fail; `pending` is what is known without reading.
      logger.warning(
        "the state of an operation could not be read", metadata: ["operation": "\(receipt.id)", "error": "\(error)"])
    }
    return receipt
  }

  /// The durability asked for, where commits of this store can reach it.
  private func reachable(_ durability: StoreDurability?) throws(QueueError) -> StoreDurability? {
    guard let refusal = unreachable(durability) else { return durability }
    throw QueueError(
      .invalidOperation, refusal + ": leave durability out, or use another store", field: "durability")
  }
}

extension SyncQueue {
  /// Checks all of them before it makes the record of the first.
  private func prepare(
    _ operations: [NewOperation], _ configuration: QueueConfiguration, at now: Timestamp
  ) throws(QueueError) -> [PreparedOperation] {
    for index in operations.indices {
      do {
        try operations[index].validate(payloadByteCountMaximum: configuration.payloadByteCountMaximum)
      } catch {
        throw error.ofElement(index, among: operations.count)
      }
    }
    return operations.map { encoded($0, configuration, at: now) }
  }

  private func addition(
    of operation: consuming NewOperation, _ durability: StoreDurability?
  ) throws(QueueError) -> QueueRequest {
    if durability == nil, let maximum = engine.knownPayloadByteCountMaximum {
      try operation.validate(payloadByteCountMaximum: maximum)
      return .add(PreparedOperation(operation, enqueuedAt: time.now), nil)
    }
    let configuration = engine.sharedConfiguration
    let durability = try reachable(durability ?? configuration.values.durability)
    return .add(try prepare(operation, configuration.values), durability)
  }

  private func prepare(
    _ operation: consuming NewOperation, _ configuration: QueueConfiguration
  ) throws(QueueError) -> PreparedOperation {
    if let headers = configuration.headersAtEnqueue?(), !headers.isEmpty { operation.addHeaders(headers) }
    try operation.validate(payloadByteCountMaximum: configuration.payloadByteCountMaximum)
    return encoded(operation, configuration, at: time.now)
  }

  /// The last step of both ways.
  private func encoded(
    _ operation: consuming NewOperation, _ configuration: QueueConfiguration, at now: Timestamp
  ) -> PreparedOperation {
    if let clock = configuration.versionClock { operation = stamped(operation, by: clock, at: now) }
    return PreparedOperation(operation, enqueuedAt: now)
  }

  /// The operations with the headers that the present task gives them.
  private func withOwnHeaders(
    _ operations: [NewOperation], _ headersAtEnqueue: (@Sendable () -> [OperationHeader])?
  ) -> [NewOperation] {
    guard let headers = headersAtEnqueue?(), !headers.isEmpty else { return operations }
    return operations.map { operation in
      var operation = operation
      operation.addHeaders(headers)
      return operation
    }
  }

  private func refuseOwnKeys(in companion: Batch) throws(QueueError) {
    let keys = companion.checks.map(\.key) + companion.mutations.map(\.key)
    guard let key = keys.first(where: { $0.bytes.first == QueueLayout.tag }) else { return }
    throw QueueError(
      .invalidOperation,
      "the batch beside the operations names the key \(key): keys that begin with q are the queue's own",
      field: "companion")
  }

  /// Throws `QueueError` with `unsupported` when commits of this store cannot reach `durability`, as
  /// `QueueConfiguration.durability` would ask of every enqueue.
  public func requireReachable(_ durability: StoreDurability?) throws(QueueError) {
    guard let refusal = unreachable(durability) else { return }
    throw QueueError(
      .unsupported,
      "queue.durability asks for too much: \(refusal); remove it, or set the storage to another durability or another type",
      field: "queue.durability")
  }

  /// Why this store does not reach `wanted`; `nil` when it does.
  private func unreachable(_ wanted: StoreDurability?) -> String? {
    guard let wanted, wanted != .none else { return nil }
    let capabilities = store.capabilities
    if capabilities.isDurable, capabilities.heedsBatchDurability { return nil }
    if capabilities.isDurable, let own = capabilities.durability, own >= wanted { return nil }
    let own = capabilities.isDurable ? capabilities.durability?.rawValue ?? "a level it does not tell" : "nothing"
    return
      "it is to be as durable as \(wanted.rawValue), and the commits of this store reach \(own), whatever is asked for"
  }
}

extension EnqueueReceipt {
  /// Whether nothing was added.
  fileprivate var isOfAnother: Bool { disposition == .repeated || disposition == .kept }
}

extension NewOperation {
  /// Adds those whose names it does not have.
  fileprivate mutating func addHeaders(_ headers: [OperationHeader]) {
    let names = Set(self.headers.map { $0.name.lowercased() })
    self.headers += headers.filter { !names.contains($0.name.lowercased()) }
  }

  /// The longest kind, key or header name, in UTF-8 bytes: they stand in keys of the store.
  static let nameByteCountMaximum = 255
  static let headerValueByteCountMaximum = 8 * 1_024
  static let headerCountMaximum = 64
  static let afterCountMaximum = 64

  func validate(payloadByteCountMaximum: Int) throws(QueueError) {
    try Self.requireName(kind, "kind")
    if let orderingKey { try Self.requireName(orderingKey, "orderingKey") }
    if let idempotencyKey { try Self.requireName(idempotencyKey, "idempotencyKey") }
    if let coalescingKey { try Self.requireName(coalescingKey, "coalescingKey") }
    if let namespace { try Self.requireName(namespace, "namespace") }
    guard after.count <= Self.afterCountMaximum else {
      throw QueueError(
        .invalidOperation, "it waits for \(after.count) operations, and at most \(Self.afterCountMaximum) are allowed",
        field: "after")
    }
    guard version >= 1 else {
      throw QueueError(.invalidOperation, "version is \(version): a kind's versions begin with 1", field: "version")
    }
    if let notBefore, let expiresAt, expiresAt <= notBefore {
      throw QueueError(
        .invalidOperation, "expiresAt is not later than notBefore, so it could never be delivered", field: "expiresAt")
    }
    guard headers.count <= Self.headerCountMaximum else {
      throw QueueError(
        .invalidOperation, "there are \(headers.count) headers, and at most \(Self.headerCountMaximum) are allowed",
        field: "headers")
    }
    for header in headers {
      try Self.requireName(header.name, "headers")
      guard header.value.utf8.count <= Self.headerValueByteCountMaximum else {
        throw QueueError(
          .invalidOperation,
          "the header \(header.name) is longer than \(Self.headerValueByteCountMaximum) bytes", field: "headers")
      }
      guard !header.value.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F }) else {
        throw QueueError(
          .invalidOperation, "the value of the header \(header.name) contains a control character", field: "headers")
      }
    }
    if let base, base.count > payloadByteCountMaximum {
      throw QueueError(
        .payloadTooLarge,
        "the base has \(base.count) bytes, and the limit is \(payloadByteCountMaximum) "
          + "(queue.payloadMaximum)", field: "base")
    }
    guard payload.count <= payloadByteCountMaximum else {
      throw QueueError(
        .payloadTooLarge,
        "the payload has \(payload.count) bytes, and the limit is \(payloadByteCountMaximum) "
          + "(queue.payloadMaximum): store it elsewhere and enqueue a reference, or raise the limit",
        field: "payload")
    }
  }

  private static func requireName(_ text: String, _ field: String) throws(QueueError) {
    guard !text.isEmpty else { throw QueueError(.invalidOperation, "\(field) is empty", field: field) }
    guard text.utf8.count <= nameByteCountMaximum else {
      throw QueueError(
        .invalidOperation, "\(field) is longer than \(nameByteCountMaximum) bytes", field: field)
    }
    // All of them are single bytes, which occur in no other character.
    var text = text
    guard text.withUTF8({ !$0.contains { $0 < 0x20 || $0 == 0x7F } }) else {
      throw QueueError(.invalidOperation, "\(field) contains a control character", field: field)
    }
  }
}
