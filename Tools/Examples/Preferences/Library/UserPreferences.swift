public import TomboloOffline

/// What a user prefers.
public struct Preferences: OfflineDocument, Hashable {
  public static let documentType = "preferences"

  public var currency = "USD"
  public var theme = "light"
  public var language = "en"

  public init() {}
}

/// The service: a program knows this protocol and does not care about the network. Whose preferences they are is an argument
/// of each call.
public protocol UserPreferences: Sendable {
  func preferences(of userID: String) async throws -> Preferences
  /// At once, for a screen that cannot wait: as they were up to a day ago.
  func recentPreferences(of userID: String) async throws -> Preferences
  func setPreferredCurrency(_ currency: String, of userID: String) async throws
  func setTheme(_ theme: String, of userID: String) async throws
  func setLanguage(_ language: String, of userID: String) async throws
  /// All of them at once.
  func setPreferences(_ preferences: Preferences, of userID: String) async throws
}

extension UserPreferences {
  /// A service that knows nothing older has them as they are.
  public func recentPreferences(of userID: String) async throws -> Preferences { try await preferences(of: userID) }
}
