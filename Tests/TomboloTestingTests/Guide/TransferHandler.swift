import TomboloPorts

/// Tells a bank of transfers. The payload is the amount.
struct TransferHandler: OperationHandler {
  /// How a request gets there: an `HTTPDelivery` in the program, the upstream of a simulated world in tests.
  let route: any OperationHandler
  let upstream = "bank"

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    guard Int(String(decoding: operation.payload, as: UTF8.self)) != nil else {
      return .reject(DeliveryFailure(.refused, "the payload is not an amount"))
    }
    return try await route.deliver(operation, attempt: attempt)
  }
}

/// The mistake: a key of its own for each attempt, so that the bank cannot tell a repeat from another transfer.
struct CarelessTransferHandler: OperationHandler {
  let route: any OperationHandler
  let upstream = "bank"

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    var request = operation
    request.idempotencyKey += "/\(attempt.number)"
    return try await route.deliver(request, attempt: attempt)
  }
}
