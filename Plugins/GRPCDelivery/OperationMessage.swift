import SwiftProtobuf
import TomboloPorts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Tombolo_Delivery_V1_DeliverRequest {
  /// One attempt of an operation.
  init(_ operation: SyncOperation, attempt: DeliveryAttempt) {
    self.init()
    operationID = operation.id.description
    kind = operation.kind
    kindVersion = UInt32(clamping: operation.version)
    payload = Data(operation.payload)
    idempotencyKey = operation.idempotencyKey
    if let key = operation.orderingKey { orderingKey = key }
    priority = operation.priority.name
    self.attempt = UInt32(clamping: attempt.number)
    enqueuedAtMilliseconds = operation.enqueuedAt.millisecondsSinceEpoch
    headers = operation.headers.map { header in
      .with {
        $0.name = header.name
        $0.value = header.value
      }
    }
    if let tag = attempt.replacing?.tag { replacingTag = tag }
  }
}

extension Tombolo_Delivery_V1_DeliverResponse {
  /// What the response means for the operation.
  func outcome(of operation: SyncOperation, text: AnswerText) -> DeliveryOutcome {
    switch outcome {
    case .delivered: return .delivered
    case .conflict(let version):
      var remote = RemoteVersion(version)
      let detail = text.excerpt(of: remote.detail, to: operation)
      remote.detail = detail.isEmpty ? "the upstream holds another version" : detail
      return .conflict(remote)
    case .retry(let retry):
      let after: Duration? = retry.hasAfterMilliseconds ? .milliseconds(retry.afterMilliseconds) : nil
      let words = text.describe("not now", retry.reason, to: operation)
      return .retry(after: after, DeliveryFailure(after == nil ? .upstreamFailed : .throttled, words))
    case .rejected(let rejected):
      return .reject(DeliveryFailure(.refused, text.describe("rejected", rejected.reason, to: operation)))
    case nil where unknownFields.data.isEmpty: return .delivered
    case nil:
      // A newer service may know outcomes that this program does not: whatever it is, it is not "delivered".
      return .park(
        DeliveryFailure(.undecodable, "the upstream answered with an outcome that this program does not know"))
    }
  }
}
