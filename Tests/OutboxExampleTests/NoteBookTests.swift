import Foundation
import Logging
import OutboxExample
import Testing
import TomboloOffline
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@Suite("Moving from a hand-written outbox")
struct NoteBookTests {
  private let note = Note(id: "1", text: "milk")

  @Test("before: a crash between the two writes, and the server never hears of the note")
  func before() async throws {
    let base = InMemoryStore()
    let server = RecordingNoteServer()
    let outbox = HandWrittenOutbox(store: FaultyStore(base, stoppingAfter: 1), server: server)
    await #expect(throws: StoreError.self) { try await outbox.save(note) }
    #expect(try await base.get(Key("notes/1")) != nil)
    try await HandWrittenOutbox(store: base, server: server).flush()
    #expect(await server.saved.isEmpty)
  }

  @Test("after: whichever commit fails, the note is here and on its way, or neither")
  func after() async throws {
    for commitCount in 0...2 {
      let base = InMemoryStore()
      let server = RecordingNoteServer()
      let first = try await OfflineStore.open(store: FaultyStore(base, stoppingAfter: commitCount))
      do {
        try await NoteBook(store: first, server: server).save(note)
      } catch is StoreError {
        // The process ends here.
      }
      let book = NoteBook(store: try await OfflineStore.open(store: base), server: server)
      let isHere = try await book.notes.read("1").value != nil
      try await drain(book)
      #expect(await server.saved.map(\.text) == (isHere ? ["milk"] : []))
    }
  }

  @Test("what the old outbox still had to send is taken over once, wherever that is interrupted")
  func takeOver() async throws {
    for commitCount in 0...4 {
      let base = InMemoryStore()
      let server = RecordingNoteServer()
      let outbox = HandWrittenOutbox(store: base, server: server)
      for number in 1...3 { try await outbox.save(Note(id: "\(number)", text: "note \(number)")) }
      for store in [FaultyStore(base, stoppingAfter: commitCount) as any KeyValueStore, base] {
        let book = NoteBook(store: try await OfflineStore.open(store: store), server: server)
        do {
          try await book.takeOver(try await base.scan(KeyRange.prefix(Key("outbox/")), limit: 1_000))
        } catch is StoreError {
          // The process ends here.
        }
      }
      #expect(try await base.scan(KeyRange.prefix(Key("outbox/")), limit: 1).isEmpty)
      try await drain(NoteBook(store: try await OfflineStore.open(store: base), server: server))
      #expect(await server.saved.map(\.text).sorted() == ["note 1", "note 2", "note 3"])
    }
  }

  private func drain(_ book: NoteBook) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    try await SyncWorker(queue: book.notes.store.queue, handler: book.handlers(), logger: logger).drain()
  }
}

private actor RecordingNoteServer: NoteServer {
  private(set) var saved: [Note] = []
  private var keys: Set<String> = []

  func save(_ note: Note, idempotencyKey: String) {
    if keys.insert(idempotencyKey).inserted { saved.append(note) }
  }
}
