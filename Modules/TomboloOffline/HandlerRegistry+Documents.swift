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
  /// An error that `body` throws means what it means for `OfflineComposite.write`: a `DeliveryFailure` with `refused`, or a
  /// `ClassifiedError` that is permanent, rejects the edit; others are tried again.
  ///
  /// An edit about something whose creation came to nothing is rejected without asking `body`. While that creation is parked or
  /// dead-lettered the edit waits for what somebody decides, and is looked at every minute.
  ///
  /// Both happen before the operation is settled. A crash in between costs a repeated delivery, whose answer changes nothing
  /// further. Without this, with any other handler, the outcome alone is brought in when the document is read.
  public mutating func handle<Edit: DocumentEdit>(
    _ type: Edit.Type, in documents: DocumentCollection<Edit.Document>, upstream: String = "default",
    _ body: @escaping @Sendable (Edit, CommandAttempt) async throws -> EditAnswer<Edit.Document>
  ) {
    handle(type, upstream: upstream) { edit, attempt in
      let editID = attempt.operation.idempotencyKey
      let answer: EditAnswer<Edit.Document>
      if let outcome = try await documents.store.unresolved(attempt.operation) {
        answer = .other(outcome)
      } else {
        do {
          answer = try await body(edit, attempt)
        } catch  where OnlineFailure(error) == .final {
          // As when it is sent at once: the same error means the same both ways.
          answer = .other(.reject((error as? DeliveryFailure) ?? DeliveryFailure(.refused, "\(error)")))
        }
      }
      switch answer {
      case .accepted(let copy):
        if let copy {
          try await documents.take(copy, for: edit.documentID, answering: editID)
        } else {
          try await documents.adopt(attempt.operation, in: edit.documentID)
        }
        return .delivered
      case .other(.reject(let failure)):
        try await documents.rollBack(editID, of: edit.documentID, end: .deadLettered, reason: failure.message)
        return .reject(failure)
      case .other(let outcome): return outcome
      }
    }
  }

  /// Has queued edits of this type sent as `OfflineComposite.write` sends them: `send` is given the edit and its identity, and
  /// answers with the server's copy when there is one.
  public mutating func handle<Edit: DocumentEdit>(
    _ type: Edit.Type, in documents: DocumentCollection<Edit.Document>, upstream: String = "default",
    sending send: @escaping @Sendable (Edit, _ editID: String) async throws -> ServerCopy<Edit.Document>?
  ) {
    handle(type, in: documents, upstream: upstream) { edit, attempt in
      .accepted(try await send(edit, attempt.operation.idempotencyKey))
    }
  }
}
