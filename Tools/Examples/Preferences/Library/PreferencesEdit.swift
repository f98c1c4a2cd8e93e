public import TomboloOffline
import TomboloQueue

/// A change of one field, or of all.
public enum PreferencesChange: Hashable, Sendable {
  case currency(String)
  case theme(String)
  case language(String)
  case all(Preferences)
}

/// One intended change to a user's preferences.
public protocol PreferencesEdit: DocumentEdit where Document == Preferences {
  var userID: String { get }
  /// The version of the server's that the device had heard of when the edit was made; with it the server sees whether somebody
  /// else changed the same field meanwhile. `nil` always applies.
  var basedOn: UInt64? { get }
  var change: PreferencesChange { get }
  /// The same edit, saying what these preferences have: a merge compares what was, what is there and what is to be.
  func saying(_ preferences: Preferences) -> Self
}

extension PreferencesEdit {
  public var documentID: String { userID }

  public func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    switch change {
    case .currency(let currency): preferences?.currency = currency
    case .theme(let theme): preferences?.theme = theme
    case .language(let language): preferences?.language = language
    case .all(let all): preferences = all
    }
  }

  public func base(over preferences: Preferences?) -> Self? { saying(preferences ?? Preferences()) }
}

public struct SetPreferredCurrency: PreferencesEdit {
  public static let kind = "preferences.setCurrency"
  public var userID: String
  public var basedOn: UInt64?
  public var currency: String

  public init(userID: String, currency: String, basedOn: UInt64? = nil) {
    self.userID = userID
    self.basedOn = basedOn
    self.currency = currency
  }

  public var change: PreferencesChange { .currency(currency) }

  public func saying(_ preferences: Preferences) -> SetPreferredCurrency {
    SetPreferredCurrency(userID: userID, currency: preferences.currency, basedOn: basedOn)
  }
}

public struct SetTheme: PreferencesEdit {
  public static let kind = "preferences.setTheme"
  public var userID: String
  public var basedOn: UInt64?
  public var theme: String

  public init(userID: String, theme: String, basedOn: UInt64? = nil) {
    self.userID = userID
    self.basedOn = basedOn
    self.theme = theme
  }

  public var change: PreferencesChange { .theme(theme) }

  public func saying(_ preferences: Preferences) -> SetTheme {
    SetTheme(userID: userID, theme: preferences.theme, basedOn: basedOn)
  }
}

public struct SetLanguage: PreferencesEdit {
  public static let kind = "preferences.setLanguage"
  public var userID: String
  public var basedOn: UInt64?
  public var language: String

  public init(userID: String, language: String, basedOn: UInt64? = nil) {
    self.userID = userID
    self.basedOn = basedOn
    self.language = language
  }

  public var change: PreferencesChange { .language(language) }

  public func saying(_ preferences: Preferences) -> SetLanguage {
    SetLanguage(userID: userID, language: preferences.language, basedOn: basedOn)
  }
}
