public import TomboloOffline
import TomboloQueue

/// What a user prefers.
public struct Preferences: OfflineDocument, Hashable {
  public static let documentType = "preferences"

  public var currency = "USD"
  public var theme = "light"

  public init() {}
}

/// The service: a program knows this protocol and does not care about the network. Whose preferences they are is an argument
/// of each call.
public protocol UserPreferences: Sendable {
  func preferences(of userID: String) async throws -> Preferences
  func setPreferredCurrency(_ currency: String, of userID: String) async throws
  func setTheme(_ theme: String, of userID: String) async throws
}

public struct SetPreferredCurrency: DocumentEdit {
  public static let kind = "preferences.setCurrency"
  public var userID: String
  public var currency: String

  public init(userID: String, currency: String) {
    self.userID = userID
    self.currency = currency
  }

  public var documentID: String { userID }

  public func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    preferences?.currency = currency
  }
}

public struct SetTheme: DocumentEdit {
  public static let kind = "preferences.setTheme"
  public var userID: String
  public var theme: String

  public init(userID: String, theme: String) {
    self.userID = userID
    self.theme = theme
  }

  public var documentID: String { userID }

  public func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    preferences?.theme = theme
  }
}
