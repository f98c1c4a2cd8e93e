import FileStorage
import TomboloOffline
import TomboloPorts
import TomboloQueue

struct LoadNote: OfflineDocument {
  static let documentType = "loadNote"
  var numbers: [Int] = []
}

struct AppendToLoadNote: DocumentEdit {
  static let kind = "loadNote.append"
  var noteID: String
  var number: Int

  var documentID: String { noteID }

  func apply(to note: inout LoadNote?) {
    note = note ?? LoadNote()
    note?.numbers.append(number)
  }
}

/// Writes one edit after another; tells the number of each that is durable.
func editUntilKilled(_ folder: String) async throws {
  let store = try await OfflineStore.open(store: try await FileStore(path: folder, durability: .full))
  let notes = DocumentCollection(LoadNote.self, in: store).edited(by: AppendToLoadNote.self)
  var number = 0
  while true {
    number += 1
    let edit = AppendToLoadNote(noteID: "\(number % 3)", number: number)
    try await store.write { try $0.edit(notes, edit, editID: "edit-\(number)") }
    tell("\(number)")
  }
}
