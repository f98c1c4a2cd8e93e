extension DocumentCollection {
  /// The document as it is to be shown, now and after each change of it in this process, until the reader stops. Asks nobody else.
  ///
  ///     for try await snapshot in preferences.snapshots(of: "7") { show(snapshot.value) }
  ///
  /// A reader that is slow gets the newest, and misses what came between. A document that the server names is followed to its
  /// name. How an operation ended is noticed when `OfflineComposite.run()` runs, or when its handler brings the answer in.
  public func snapshots(of id: String) -> DocumentSnapshots<Document> { DocumentSnapshots(collection: self, id: id) }
}

/// What `DocumentCollection.snapshots(of:)` gives. Throws what reading throws, and ends then.
public struct DocumentSnapshots<Document: OfflineDocument>: AsyncSequence, Sendable {
  public typealias Element = DocumentSnapshot<Document>

  let collection: DocumentCollection<Document>
  let id: String

  public func makeAsyncIterator() -> Iterator {
    Iterator(collection: collection, id: id, changes: collection.changes(of: id).makeAsyncIterator())
  }

  public struct Iterator: AsyncIteratorProtocol {
    let collection: DocumentCollection<Document>
    var id: String
    var changes: AsyncStream<Void>.Iterator

    public mutating func next() async throws -> DocumentSnapshot<Document>? {
      guard await changes.next() != nil else { return nil }
      let snapshot = try await collection.read(id)
      guard snapshot.id != id else { return snapshot }
      // Named meanwhile. Watched first, then read, so that no change is missed.
      id = snapshot.id
      changes = collection.changes(of: id).makeAsyncIterator()
      return try await next()
    }
  }
}

extension DocumentCollection {
  fileprivate func changes(of id: String) -> AsyncStream<Void> { store.watchers.changes(of: key(id)) }
}
