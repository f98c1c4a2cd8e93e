import TomboloOffline
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
