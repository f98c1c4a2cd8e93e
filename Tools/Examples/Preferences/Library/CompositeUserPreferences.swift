import TomboloOffline
import TomboloPorts

/// The service out of two halves: the server when it can be reached, what is stored here when it cannot.
struct CompositeUserPreferences: UserPreferences {
  let documents: OfflineComposite<Preferences>
  let server: any PreferencesServer

  func preferences(of userID: String) async throws -> Preferences {
    try await documents.read(userID) { try await server.preferences(of: userID) }.value ?? Preferences()
  }

  func setPreferredCurrency(_ currency: String, of userID: String) async throws {
    let edit = SetPreferredCurrency(userID: userID, currency: currency)
    try await documents.write(edit, priority: .critical) { edit, id in
      try await server.apply(edit, idempotencyKey: id)
    }
  }

  func setTheme(_ theme: String, of userID: String) async throws {
    try await documents.write(SetTheme(userID: userID, theme: theme)) { edit, id in
      try await server.apply(edit, idempotencyKey: id)
    }
  }
}
