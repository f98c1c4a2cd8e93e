public import TomboloPorts
public import TomboloQueue

/// What a server said to an edit.
public enum EditAnswer<Document: OfflineDocument>: Sendable {
  /// It has it; with its copy of the document, when it answers with one.
  case accepted(ServerCopy<Document>?)
  /// Anything else.
  case other(DeliveryOutcome)
}

extension HandlerRegistry {
  /// Has `body` deliver edits of this type, and brings the server's answer into the document: an accepted edit becomes part
  /// of what the server said, a rejected one is taken back with a notice.
  ///
  /// Both happen before the operation is settled. A crash in between costs a repeated delivery, whose answer changes nothing
  /// further. Without this, with any other handler, the outcome alone is brought in when the document is read.
  public mutating func handle<Edit: DocumentEdit>(
    _ type: Edit.Type, in documents: DocumentCollection<Edit.Document>, upstream: String = "default",
    _ body: @escaping @Sendable (Edit, CommandAttempt) async throws -> EditAnswer<Edit.Document>
  ) {
    handle(type, upstream: upstream) { edit, attempt in
      let editID = attempt.operation.idempotencyKey
      switch try await body(edit, attempt) {
      case .accepted(let copy):
        if let copy { try await documents.take(copy, for: edit.documentID, answering: editID) }
        return .delivered
      case .other(.reject(let failure)):
        try await documents.rollBack(editID, of: edit.documentID, end: .deadLettered, reason: failure.message)
        return .reject(failure)
      case .other(let outcome): return outcome
      }
    }
  }
}
