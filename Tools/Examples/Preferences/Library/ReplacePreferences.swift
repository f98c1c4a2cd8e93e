import TomboloOffline
import TomboloQueue

/// Says what all preferences of a user are to be, as a form with one button does. Two devices that change different fields of it
/// while they are apart meet in a conflict, which a three-way merge settles field by field.
public struct ReplacePreferences: PreferencesEdit {
  public static let kind = "preferences.replace"
  public var userID: String
  public var basedOn: UInt64?
  public var preferences: Preferences

  public init(userID: String, preferences: Preferences, basedOn: UInt64? = nil) {
    self.userID = userID
    self.basedOn = basedOn
    self.preferences = preferences
  }

  public var change: PreferencesChange { .all(preferences) }

  public func saying(_ preferences: Preferences) -> ReplacePreferences {
    ReplacePreferences(userID: userID, preferences: preferences, basedOn: basedOn)
  }
}
