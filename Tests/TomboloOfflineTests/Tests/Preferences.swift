import TomboloOffline
import TomboloQueue

/// The document that most tests are about.
struct Preferences: OfflineDocument, Hashable {
  static let documentType = "preferences"

  var currency = "USD"
  var theme = "light"
  var favourites: [String] = []
}

struct SetCurrency: DocumentEdit {
  static let kind = "preferences.setCurrency"
  var userID: String
  var currency: String

  var documentID: String { userID }

  func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    preferences?.currency = currency
  }
}

struct SetTheme: DocumentEdit {
  static let kind = "preferences.setTheme"
  var userID: String
  var theme: String

  var documentID: String { userID }

  func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    preferences?.theme = theme
  }
}

/// Cannot be made twice, so that a test sees whether it was.
struct AddFavourite: DocumentEdit {
  static let kind = "preferences.addFavourite"
  struct AlreadyThere: Error {}

  var userID: String
  var name: String

  var documentID: String { userID }

  func apply(to preferences: inout Preferences?) throws {
    preferences = preferences ?? Preferences()
    guard preferences?.favourites.contains(name) == false else { throw AlreadyThere() }
    preferences?.favourites.append(name)
  }
}

/// As `AddFavourite`, but may be made twice: shown twice, it can be seen.
struct AppendFavourite: DocumentEdit {
  static let kind = "preferences.appendFavourite"
  var userID: String
  var name: String

  var documentID: String { userID }

  func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    preferences?.favourites.append(name)
    preferences?.currency = name
  }
}
