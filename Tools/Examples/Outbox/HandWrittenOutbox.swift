import Foundation
public import TomboloPorts

/// The outbox that many programs have: a table of notes, a table of what is to be sent, and a loop. It works on a good day.
public struct HandWrittenOutbox: Sendable {
  private let store: any KeyValueStore
  private let server: any NoteServer

  public init(store: any KeyValueStore, server: any NoteServer) {
    self.store = store
    self.server = server
  }

  public func save(_ note: Note) async throws {
    let row = Array(try JSONEncoder().encode(note))
    try await commit(Batch(mutations: [.put(Key("notes/\(note.id)"), row)]))
    // A crash here, and the server never hears of it.
    let number = try await rows().count
    try await commit(Batch(mutations: [.put(Key("outbox/\(number)"), row)]))
  }

  public func flush() async throws {
    for record in try await rows() {
      let note = try JSONDecoder().decode(Note.self, from: Data(record.value))
      // The first failure holds up everything behind it; a lost answer sends it twice, under another key.
      try await server.save(note, idempotencyKey: UUID().uuidString)
      try await commit(Batch(mutations: [.delete(record.key)]))
    }
  }

  private func rows() async throws -> [Record] { try await store.scan(KeyRange.prefix(Key("outbox/")), limit: 1_000) }

  private func commit(_ batch: Batch) async throws { _ = try await store.commit([batch]).first?.get() }
}
