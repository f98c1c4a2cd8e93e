import TomboloPorts
import TomboloQueue
import TomboloStorage

extension DocumentCollection {
  /// Takes the server's answer to the edit that created a document here, and with it the name that the server gave: in one commit
  /// the document moves to that name, and every operation, edit and document that mentions the temporary identifier is rewritten.
  ///
  /// Said again, it changes nothing further. Throws `OfflineError` with `renamed` when the server gave another name before.
  func take(
    _ copy: ServerCopy<Document>, naming temporary: String, _ name: String, answering editID: String?
  ) async throws {
    _ = try await settle(temporary)
    for _ in 0..<OfflineStore.attemptCountMaximum {
      let identity = try await store.identities([temporary]).first ?? nil
      if let known = identity?.record.name {
        guard known == name else {
          throw OfflineError(
            .renamed, "the server calls \(Document.documentType) \(temporary) \(name), and called it \(known) before")
        }
        var copy = copy
        copy.identifier = nil
        return try await take(copy, for: known, answering: editID)
      }
      var naming = try await Naming(of: temporary, as: name, identity, in: store)
      try await naming.move(from: key(temporary), to: key(name)) { record in
        record.accept(editID)
        try record.take(copy, at: store.time.now)
      }
      do {
        return try await naming.commit()
      } catch let error as StoreError where error.code == .conflict {
        continue
      }
    }
    throw store.contended()
  }
}
