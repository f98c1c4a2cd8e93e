public import TomboloPorts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Handlers by kind. An operation whose kind, or version, none of them knows is parked for a newer program.
///
///     var handlers = HandlerRegistry()
///     handlers.handle(SetCurrency.self) { command, attempt in
///       try await client.setCurrency(command.currency, idempotencyKey: attempt.operation.idempotencyKey)
///       return .delivered
///     }
///     let worker = SyncWorker(queue: queue, handler: handlers, network: monitor)
public struct HandlerRegistry: OperationHandler {
  private var handlers: [String: any OperationHandler] = [:]

  public init() {}

  /// Each handler has its own upstream; the registry as a whole has none that could be suspended.
  public var upstream: String { "" }

  public func upstream(for operation: SyncOperation) -> String {
    handlers[operation.kind]?.upstream(for: operation) ?? upstream
  }

  /// Has `handler` deliver operations of `kind`, instead of any it had before.
  public mutating func handle(kind: String, with handler: any OperationHandler) {
    handlers[kind] = handler
  }

  /// Has `body` deliver operations of `kind`, as raw bytes.
  public mutating func handle(
    kind: String, upstream: String = "default",
    _ body: @escaping @Sendable (SyncOperation, DeliveryAttempt) async throws -> DeliveryOutcome
  ) {
    handlers[kind] = ClosureHandler(upstream: upstream, body: body)
  }

  /// Has `body` deliver commands of this type. Payloads that do not decode are parked.
  public mutating func handle<Command: SyncCommand>(
    _ type: Command.Type, upstream: String = "default",
    _ body: @escaping @Sendable (Command, CommandAttempt) async throws -> DeliveryOutcome
  ) {
    handle(kind: Command.kind, upstream: upstream) { operation, attempt in
      guard operation.version <= Command.version else {
        return .park(
          DeliveryFailure(
            .unknownKind,
            "\(operation.kind) was written in version \(operation.version), and this program knows versions up to "
              + "\(Command.version): run a newer program"))
      }
      let command: Command
      do {
        var payload = operation.payload
        for version in max(1, operation.version)..<max(operation.version, Command.version) {
          payload = try Command.upgrade(payload, from: version)
        }
        command = try JSONDecoder().decode(Command.self, from: Data(payload))
      } catch {
        return .park(
          DeliveryFailure(
            .undecodable,
            "the payload of \(operation.kind), version \(operation.version), does not decode as \(Command.self)"))
      }
      return try await body(command, CommandAttempt(operation: operation, attempt: attempt))
    }
  }

  public func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    guard let handler = handlers[operation.kind] else {
      let known = handlers.keys.sorted().joined(separator: ", ")
      return .park(
        DeliveryFailure(.unknownKind, "no handler knows the kind \(operation.kind); known are: \(known)"))
    }
    return try await handler.deliver(operation, attempt: attempt)
  }
}

/// What a typed handler is told beside its command.
public struct CommandAttempt: Hashable, Sendable {
  public var operation: SyncOperation
  public var attempt: DeliveryAttempt
}

private struct ClosureHandler: OperationHandler {
  let upstream: String
  let body: @Sendable (SyncOperation, DeliveryAttempt) async throws -> DeliveryOutcome

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    try await body(operation, attempt)
  }
}
