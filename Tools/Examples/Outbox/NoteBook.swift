import Foundation
public import TomboloOffline
public import TomboloPorts
public import TomboloQueue
import TomboloStorage

public struct SaveNote: DocumentEdit {
  public static let kind = "note.save"
  public var note: Note
  public var documentID: String { note.id }
  public func apply(to document: inout Note?) { document = note }
}

/// The same program after the move.
public struct NoteBook: Sendable {
  public let notes: DocumentCollection<Note>
  private let server: any NoteServer

  public init(store: OfflineStore, server: any NoteServer) {
    notes = DocumentCollection(Note.self, in: store).edited(by: SaveNote.self)
    self.server = server
  }

  public func save(_ note: Note) async throws {
    try await notes.store.write { try $0.edit(notes, SaveNote(note: note)) }
  }

  public func handlers() -> HandlerRegistry {
    var handlers = HandlerRegistry()
    handlers.handle(SaveNote.self, in: notes) { edit, key in
      try await server.save(edit.note, idempotencyKey: key)
      return nil
    }
    return handlers
  }

  /// Takes over what the hand-written outbox in the same store still has to send. Each row leaves it in the commit that queues it, so
  /// that this can be stopped and started again.
  public func takeOver(_ rows: [Record]) async throws {
    for row in rows {
      let note = try JSONDecoder().decode(Note.self, from: Data(row.value))
      try await notes.store.write { transaction in
        try transaction.edit(notes, SaveNote(note: note), editID: "outbox-\(row.revision)")
        try transaction.add(
          Batch(checks: [Check(key: row.key, expected: row.revision)], mutations: [.delete(row.key)]))
      }
    }
  }
}
