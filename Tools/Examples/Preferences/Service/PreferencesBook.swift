import GRPCCore
import SwiftProtobuf
package import TomboloPorts
import TomboloStorage

/// The server's side: preferences in a store, with a version for each user and a mark for each field.
///
/// What a user's preferences are, who changed which field last, and which edits it has are one value, so that an edit and the
/// knowledge that it was made are one commit.
package struct PreferencesBook: Sendable {
  /// The edits that are remembered of one user; a repeat of an older one counts as a new edit.
  static let recentEditCountMaximum = 1_000
  private static let tag = UInt8(ascii: "p")

  private let store: any KeyValueStore

  package init(store: any KeyValueStore) {
    self.store = store
  }

  func record(of userID: String) async throws -> Tombolo_Examples_Preferences_V1_PreferencesRecord {
    try await load(userID).record
  }

  /// Makes an edit, or says what stands against it.
  func edit(
    _ request: Tombolo_Examples_Preferences_V1_EditPreferencesRequest
  ) async throws -> Tombolo_Examples_Preferences_V1_EditPreferencesReply {
    while true {
      var (record, revision) = try await load(request.userID)
      if record.recentEdits.contains(request.idempotencyKey) { return .with { $0.accepted = record.stored } }
      if let conflict = record.conflict(with: request) { return .with { $0.conflict = conflict } }
      try record.apply(request)
      var batch = Batch(checks: [Check(key: key(request.userID), expected: revision)])
      batch.put(key(request.userID), try record.serializedBytes())
      do {
        _ = try await store.commit([batch]).first?.get()
        return .with { $0.accepted = record.stored }
      } catch let error as StoreError where error.code == .conflict {
        // Another edit of the same user came between, and got on.
        try Task.checkCancellation()
      }
    }
  }

  private func load(
    _ userID: String
  ) async throws -> (record: Tombolo_Examples_Preferences_V1_PreferencesRecord, revision: Revision?) {
    guard let stored = try await store.get(key(userID)) else { return (.init(), nil) }
    return (try .init(serializedBytes: stored.value), stored.revision)
  }

  private func key(_ userID: String) -> Key {
    var encoder = KeyEncoder(tag: Self.tag)
    encoder.append(userID)
    return encoder.key
  }
}

extension Tombolo_Examples_Preferences_V1_PreferencesRecord {
  var stored: Tombolo_Examples_Preferences_V1_StoredPreferences {
    .with {
      $0.preferences = preferences
      $0.version = version
    }
  }

  /// Another device changed a field, of those that the edit says something of, since the version that the edit knows.
  fileprivate func conflict(
    with request: Tombolo_Examples_Preferences_V1_EditPreferencesRequest
  ) -> Tombolo_Examples_Preferences_V1_Conflict? {
    guard request.hasBasedOnVersion, let change = request.change else { return nil }
    let known = max(request.basedOnVersion, request.hasReplacingVersion ? request.replacingVersion : 0)
    let newer = marks.filter { field, mark in
      change.fields.contains(field) && mark.version > known && mark.deviceID != request.deviceID
    }
    guard let editedAt = newer.values.map(\.editedAtMilliseconds).max() else { return nil }
    return .with {
      $0.stored = stored
      $0.field = newer.keys.sorted().joined(separator: ", ")
      $0.editedAtMilliseconds = editedAt
    }
  }

  fileprivate mutating func apply(_ request: Tombolo_Examples_Preferences_V1_EditPreferencesRequest) throws {
    guard let change = request.change else { throw RPCError(code: .invalidArgument, message: "no field is changed") }
    let before = preferences
    switch change {
    case .currency(let currency): preferences.currency = currency
    case .theme(let theme): preferences.theme = theme
    case .language(let language): preferences.language = language
    case .all(let all): preferences = all
    }
    let currency = preferences.currency
    if change.fields.contains("currency") {
      guard currency.count == 3, currency.allSatisfy({ $0.isUppercase && $0.isASCII }) else {
        throw RPCError(code: .invalidArgument, message: "a currency has three capital letters")
      }
    }
    version += 1
    // A field of several that stays as it is was not changed by this edit.
    for field in change.fields where change.fields.count == 1 || preferences.value(field) != before.value(field) {
      marks[field] = .with {
        $0.version = version
        $0.deviceID = request.deviceID
        $0.editedAtMilliseconds = request.editedAtMilliseconds
      }
    }
    recentEdits.append(request.idempotencyKey)
    if recentEdits.count > PreferencesBook.recentEditCountMaximum { recentEdits.removeFirst() }
  }
}

extension Tombolo_Examples_Preferences_V1_EditPreferencesRequest.OneOf_Change {
  fileprivate var fields: Set<String> {
    switch self {
    case .currency: ["currency"]
    case .theme: ["theme"]
    case .language: ["language"]
    case .all: ["currency", "theme", "language"]
    }
  }
}

extension Tombolo_Examples_Preferences_V1_Preferences {
  fileprivate func value(_ field: String) -> String {
    switch field {
    case "currency": currency
    case "theme": theme
    default: language
    }
  }
}
