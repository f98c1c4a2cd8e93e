import FileStorage
import Foundation
import TomboloOffline
import TomboloPorts
import TomboloQueue

/// Writes edits into a store in the folder given, one after another, until it is killed; prints the number of each that is
/// durable.
let store = try await OfflineStore.open(store: try await FileStore(path: CommandLine.arguments[1], durability: .full))
let notes = DocumentCollection(LoadNote.self, in: store).edited(by: AppendToLoadNote.self)
var number = 0
while true {
  number += 1
  let edit = AppendToLoadNote(noteID: "\(number % 3)", number: number)
  try await store.write { try $0.edit(notes, edit, editID: "edit-\(number)") }
  FileHandle.standardOutput.write(Data("\(number)\n".utf8))
}
