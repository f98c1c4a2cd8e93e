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
    let edit = SetPreferredCurrency(userID: userID, currency: currency, basedOn: try await heardVersion(of: userID))
    try await documents.write(edit, priority: .critical) { edit, id in
      try await server.apply(edit, idempotencyKey: id)
    }
  }

  func recentPreferences(of userID: String) async throws -> Preferences {
    let policy = ReadingPolicy.staleWhileRevalidate(fresh: .seconds(60), ageMaximum: .seconds(24 * 3_600))
    return try await documents.read(userID, policy: policy) { try await server.preferences(of: userID) }.value
      ?? Preferences()
  }

  func setTheme(_ theme: String, of userID: String) async throws {
    let edit = SetTheme(userID: userID, theme: theme, basedOn: try await heardVersion(of: userID))
    try await documents.write(edit) { edit, id in try await server.apply(edit, idempotencyKey: id) }
  }

  func setLanguage(_ language: String, of userID: String) async throws {
    let edit = SetLanguage(userID: userID, language: language, basedOn: try await heardVersion(of: userID))
    try await documents.write(edit) { edit, id in try await server.apply(edit, idempotencyKey: id) }
  }

  func setPreferences(_ preferences: Preferences, of userID: String) async throws {
    let version = try await heardVersion(of: userID)
    let edit = ReplacePreferences(userID: userID, preferences: preferences, basedOn: version)
    try await documents.write(edit) { edit, id in try await server.apply(edit, idempotencyKey: id) }
  }

  /// What the user saw when they decided; the server tells by it whether another device changed the same since.
  private func heardVersion(of userID: String) async throws -> UInt64 {
    try await documents.documents.read(userID).version ?? 0
  }
}
