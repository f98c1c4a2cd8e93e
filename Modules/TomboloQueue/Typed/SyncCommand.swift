public import TomboloPorts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A typed operation: a `Codable` value with its static facts beside it. It travels as JSON.
///
///     struct SetCurrency: SyncCommand {
///       static let kind = "preferences.setCurrency"
///       var userID: String
///       var currency: String
///     }
///     try await queue.enqueue(SetCurrency(userID: "7", currency: "EUR"), orderingKey: "user/7", priority: .critical)
public protocol SyncCommand: Codable, Sendable {
  /// The operation's type name; picks the handler.
  static var kind: String { get }
  /// Which shape this type has; 1 unless the type says otherwise. Raise it when an older program could not read it.
  static var version: Int { get }
  /// Turns the payload of version `version` into one of the version after it. Called for each version from that of the stored
  /// operation up to this type's own. Throwing parks the operation. Without it older payloads are decoded as they are.
  static func upgrade(_ payload: [UInt8], from version: Int) throws -> [UInt8]
}

extension SyncCommand {
  public static var version: Int { 1 }
  public static func upgrade(_ payload: [UInt8], from version: Int) throws -> [UInt8] { payload }
}

extension NewOperation {
  /// An operation that carries `command` as JSON.
  ///
  /// Throws `QueueError.invalidOperation` when the command cannot be encoded.
  public init<Command: SyncCommand>(
    _ command: Command,
    orderingKey: String? = nil,
    priority: OperationPriority = .normal,
    idempotencyKey: String? = nil,
    coalescingKey: String? = nil,
    uniqueness: UniquenessPolicy? = nil,
    notBefore: Timestamp? = nil,
    expiresAt: Timestamp? = nil,
    namespace: String? = nil,
    after: [OperationReference] = []
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let payload: [UInt8]
    do {
      payload = Array(try encoder.encode(command))
    } catch {
      throw QueueError(
        .invalidOperation, "a command of kind \(Command.kind) cannot be encoded: \(error)", field: "payload")
    }
    self.init(
      kind: Command.kind, version: Command.version, payload: payload, priority: priority, orderingKey: orderingKey,
      idempotencyKey: idempotencyKey, coalescingKey: coalescingKey, uniqueness: uniqueness, notBefore: notBefore,
      expiresAt: expiresAt, namespace: namespace, after: after,
      headers: [OperationHeader(name: "Content-Type", value: "application/json")])
  }
}

extension SyncQueue {
  /// Stores a typed operation and returns when it is durable; see `enqueue(_:)` of `NewOperation` for errors.
  @discardableResult
  public func enqueue(
    _ command: some SyncCommand, orderingKey: String? = nil, priority: OperationPriority = .normal,
    coalescingKey: String? = nil, uniqueness: UniquenessPolicy? = nil
  ) async throws -> EnqueueReceipt {
    try await enqueue(
      try NewOperation(
        command, orderingKey: orderingKey, priority: priority, coalescingKey: coalescingKey, uniqueness: uniqueness))
  }
}
