#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import TomboloPorts
import TomboloQueue

/// One change of a document that a transaction asks for.
struct TransactionChange {
  /// Of an edit: its identity.
  var editID: String?
  /// Of an edit: which operation of the transaction tells the server.
  var operationIndex: Int?
  var key: DocumentKey
  /// The JSON that may mention temporary identifiers.
  var json: [UInt8]
  /// Makes the change, and answers with the base of the operation, for a resolver that compares three versions.
  var apply: (inout DocumentRecord) throws -> [UInt8]?
  /// The same change with other JSON, which names what had a temporary identifier.
  var renamed: ([UInt8]) throws -> TransactionChange

  /// An edit.
  static func edit<Edit: DocumentEdit>(
    _ edit: Edit, of documents: DocumentCollection<Edit.Document>, as pending: PendingEdit, operationIndex: Int
  ) -> TransactionChange {
    let key = DocumentKey(type: Edit.Document.documentType, id: edit.documentID)
    return TransactionChange(editID: pending.id, operationIndex: operationIndex, key: key, json: pending.payload) {
      record in
      if let known = record.pending.first(where: { $0.id == pending.id }) {
        guard known.namespace == pending.namespace else {
          throw QueueError(
            .invalidOperation, "\(key.type) \(key.id) has a pending edit of this identity in another namespace",
            field: "editID")
        }
        return nil
      }
      guard record.pending.count < OfflineTransaction.pendingCountMaximum else {
        throw OfflineError(
          .tooManyPending,
          "\(key.type) \(key.id) has \(record.pending.count) edits that the server does not have yet")
      }
      var shown = try documents.shown(record).value
      let base = try edit.base(over: shown).map { try NewOperation($0).payload }
      do {
        try edit.apply(to: &shown)
      } catch {
        throw OfflineError(.inapplicable, "\(Edit.kind) does not fit \(key.type) \(key.id) as it is", cause: error)
      }
      record.pending.append(pending)
      return base
    } renamed: { json in
      var pending = pending
      pending.payload = json
      return .edit(
        try Edit.renamed(json), of: documents, as: pending, operationIndex: operationIndex)
    }
  }

  /// A document that is put here as if the server had said so.
  static func put(_ document: StoredDocument, at key: DocumentKey) -> TransactionChange {
    TransactionChange(key: key, json: document.bytes) { record in
      record.base = document
      return nil
    } renamed: { json in
      .put(StoredDocument(version: document.version, bytes: json), at: key)
    }
  }
}

extension DocumentEdit {
  /// An edit of the present version from its JSON, in which temporary identifiers were replaced.
  static func renamed(_ json: [UInt8]) throws -> Self {
    do {
      return try JSONDecoder().decode(Self.self, from: Data(json))
    } catch {
      throw OfflineError(
        .undecodable, "an edit of kind \(kind) does not decode with the name that the server gave", cause: error)
    }
  }
}
