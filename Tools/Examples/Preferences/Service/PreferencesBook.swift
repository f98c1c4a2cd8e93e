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

  /// Another device changed the same field since the version that the edit knows.
  fileprivate func conflict(
    with request: Tombolo_Examples_Preferences_V1_EditPreferencesRequest
  ) -> Tombolo_Examples_Preferences_V1_Conflict? {
    guard request.hasBasedOnVersion, let field = request.change?.field, let mark = marks[field] else { return nil }
    let known = max(request.basedOnVersion, request.hasReplacingVersion ? request.replacingVersion : 0)
    guard mark.version > known, mark.deviceID != request.deviceID else { return nil }
    return .with {
      $0.stored = stored
      $0.field = field
      $0.editedAtMilliseconds = mark.editedAtMilliseconds
    }
  }

  fileprivate mutating func apply(_ request: Tombolo_Examples_Preferences_V1_EditPreferencesRequest) throws {
    guard let change = request.change else { throw RPCError(code: .invalidArgument, message: "no field is changed") }
    switch change {
    case .currency(let currency):
      guard currency.count == 3, currency.allSatisfy({ $0.isUppercase && $0.isASCII }) else {
        throw RPCError(code: .invalidArgument, message: "a currency has three capital letters")
      }
      preferences.currency = currency
    case .theme(let theme): preferences.theme = theme
    case .language(let language): preferences.language = language
    }
    version += 1
    marks[change.field] = .with {
      $0.version = version
      $0.deviceID = request.deviceID
      $0.editedAtMilliseconds = request.editedAtMilliseconds
    }
    recentEdits.append(request.idempotencyKey)
    if recentEdits.count > PreferencesBook.recentEditCountMaximum { recentEdits.removeFirst() }
  }
}

extension Tombolo_Examples_Preferences_V1_EditPreferencesRequest.OneOf_Change {
  fileprivate var field: String {
    switch self {
    case .currency: "currency"
    case .theme: "theme"
    case .language: "language"
    }
  }
}
