#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
import Logging
import TomboloPorts
import TomboloQueue

/// The documents of one type, and the edits they know.
///
///     let preferences = DocumentCollection(Preferences.self, in: store)
///       .edited(by: SetCurrency.self)
///       .edited(by: SetTheme.self)
public struct DocumentCollection<Document: OfflineDocument>: Sendable {
  public let store: OfflineStore
  private var appliers: [String: Applier] = [:]

  /// Makes a stored edit over a document.
  private struct Applier: Sendable {
    var newestVersion: Int
    var apply: @Sendable (_ edit: PendingEdit, _ document: inout Document?) throws -> Void
  }

  public init(_ type: Document.Type, in store: OfflineStore) {
    self.store = store
  }

  /// The same collection, knowing one more kind of edit.
  public func edited<Edit: DocumentEdit>(by type: Edit.Type) -> Self where Edit.Document == Document {
    var copy = self
    copy.appliers[Edit.kind] = Applier(newestVersion: Edit.version) { edit, document in
      var payload = edit.payload
      // As the queue reads it when it is delivered.
      for version in max(1, edit.version)..<max(edit.version, Edit.version) {
        payload = try Edit.upgrade(payload, from: version)
      }
      try JSONDecoder().decode(Edit.self, from: Data(payload)).apply(to: &document)
    }
    return copy
  }

  /// The document as it is to be shown, from what is stored here. Asks nobody else.
  ///
  /// What became of its pending edits is looked up in the queue, so that an edit whose operation is settled never shows as
  /// pending, also when the program ended in between. By the temporary identifier of a document that the server has named, that
  /// one is read: `DocumentSnapshot.id` tells which.
  public func read(_ id: String) async throws -> DocumentSnapshot<Document> {
    let id = try await store.currentIdentifier(id)
    let record = try await settle(id)
    let shown = try shown(record)
    var snapshot = DocumentSnapshot<Document>(id: id)
    snapshot.value = shown.value
    snapshot.inapplicable = shown.inapplicable
    snapshot.base = try record.base.map { try $0.decoded(as: Document.self) }
    snapshot.version = record.serverVersion
    snapshot.tag = record.tag
    snapshot.heardAt = record.heardAt
    snapshot.age = record.heardAt.map { max(.zero, $0.duration(to: store.time.now)) }
    snapshot.pending = record.pending
    snapshot.notices = record.notices
    snapshot.droppedNoticeCount = record.droppedNoticeCount
    return snapshot
  }

  /// Forgets notices that were shown to somebody.
  public func acknowledge(_ notices: [EditNotice]) async throws {
    for (id, ofDocument) in Dictionary(grouping: notices, by: \.documentID) {
      let edits = Set(ofDocument.map(\.editID))
      // They may have been read before the server named the document.
      _ = try await store.change(key(try await store.currentIdentifier(id))) { record in
        record.notices.removeAll { edits.contains($0.editID) }
        record.droppedNoticeCount = 0
      }
    }
  }

  // MARK: - Parts

  func knows<Edit: DocumentEdit>(_ type: Edit.Type) -> Bool { appliers[Edit.kind] != nil }

  func key(_ id: String) -> DocumentKey { DocumentKey(type: Document.documentType, id: id) }

  /// What the server last said with the pending edits over it, in order.
  func shown(_ record: DocumentRecord) throws -> (value: Document?, inapplicable: [String]) {
    var value = try record.base.map { try $0.decoded(as: Document.self) }
    var inapplicable: [String] = []
    for edit in record.pending where !edit.isIncluded {
      if !apply(edit, to: &value) { inapplicable.append(edit.id) }
    }
    return (value, inapplicable)
  }

  /// Whether the edit could be made; otherwise nothing changed.
  func apply(_ edit: PendingEdit, to document: inout Document?) -> Bool {
    guard let applier = appliers[edit.kind], edit.version <= applier.newestVersion else { return false }
    var changed = document
    do {
      try applier.apply(edit, &changed)
    } catch {
      // Not lost: the caller lists it, and its operation goes its way.
      store.logger.debug("an edit does not fit the document any more", metadata: ["kind": "\(edit.kind)"])
      return false
    }
    document = changed
    return true
  }
}
