import TomboloOffline
import TomboloPorts

/// The half that never asks anybody: for a program, or a test, that has no server.
struct LocalUserPreferences: UserPreferences {
  let documents: DocumentCollection<Preferences>

  func preferences(of userID: String) async throws -> Preferences {
    try await documents.read(userID).value ?? Preferences()
  }

  func setPreferredCurrency(_ currency: String, of userID: String) async throws {
    try await documents.store.write {
      try $0.edit(documents, SetPreferredCurrency(userID: userID, currency: currency), priority: .critical)
    }
  }

  func setTheme(_ theme: String, of userID: String) async throws {
    try await documents.store.write { try $0.edit(documents, SetTheme(userID: userID, theme: theme)) }
  }

  func setLanguage(_ language: String, of userID: String) async throws {
    try await documents.store.write { try $0.edit(documents, SetLanguage(userID: userID, language: language)) }
  }

  func setPreferences(_ preferences: Preferences, of userID: String) async throws {
    try await documents.store.write {
      try $0.edit(documents, ReplacePreferences(userID: userID, preferences: preferences))
    }
  }
}
