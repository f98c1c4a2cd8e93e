import TomboloOffline
import TomboloPorts
import TomboloQueue

/// Says what all preferences are to be, on top of a version of the server's.
struct RewritePreferences: DocumentEdit {
  static let kind = "preferences.rewrite"
  var userID: String
  var currency: String
  var theme: String
  var basedOn: UInt64

  var documentID: String { userID }

  func apply(to preferences: inout Preferences?) {
    preferences = preferences ?? Preferences()
    preferences?.currency = currency
    preferences?.theme = theme
  }

  func base(over preferences: Preferences?) -> RewritePreferences? {
    let preferences = preferences ?? Preferences()
    return RewritePreferences(
      userID: userID, currency: preferences.currency, theme: preferences.theme, basedOn: basedOn)
  }
}

/// The server holds something newer, written by another device.
struct NewerVersion: ClassifiedError {
  var remote: RemoteVersion
  var classification: FailureClassification { .conflict }
}

/// Takes whole documents, knows repeats, and calls it a conflict when another device wrote something newer than the edit knows.
actor MergingServer {
  private(set) var preferences = Preferences()
  private(set) var accepted: Set<String> = []
  /// What a merge did wrong.
  private(set) var problems: [String] = []
  private(set) var mergeCount = 0
  private var version: UInt64 = 1
  private var versions: [String: UInt64] = [:]
  private var writtenAt: Timestamp?
  /// What each edit was made on, and what it said.
  private var originals: [String: (base: RewritePreferences, edit: RewritePreferences)] = [:]

  var copy: ServerCopy<Preferences> { ServerCopy(preferences, version: version, includedEdits: accepted) }

  func expect(_ edit: RewritePreferences, over base: Preferences?, id: String) {
    if let base = edit.base(over: base) { originals[id] = (base, edit) }
  }

  /// Somebody else changes one field.
  func meddle(_ value: String, at now: Timestamp) {
    if version.isMultiple(of: 2) { preferences.currency = value } else { preferences.theme = value }
    note("elsewhere", at: now)
  }

  func take(
    _ edit: RewritePreferences, _ id: String, from device: String, at time: Timestamp, replacing: RemoteVersion? = nil
  ) throws -> ServerCopy<Preferences> {
    guard !accepted.contains(id) else { return copy }
    let known = max(edit.basedOn, replacing?.tag.flatMap { UInt64($0) } ?? 0)
    guard versions.allSatisfy({ $0.key == device || $0.value <= known }) else {
      let mine = RewritePreferences(
        userID: edit.userID, currency: preferences.currency, theme: preferences.theme, basedOn: version)
      throw NewerVersion(
        remote: RemoteVersion(
          tag: "\(version)", modifiedAt: writtenAt, payload: try NewOperation(mine).payload, detail: "newer"))
    }
    if replacing != nil { check(edit, id) }
    (preferences.currency, preferences.theme) = (edit.currency, edit.theme)
    accepted.insert(id)
    note(device, at: time)
    return copy
  }

  private func note(_ device: String, at time: Timestamp) {
    version += 1
    versions[device] = version
    writtenAt = time
  }

  /// A merge keeps what only the other side changed, and makes what only this side changed.
  private func check(_ edit: RewritePreferences, _ id: String) {
    guard let (base, mine) = originals[id] else { return problems.append("\(id) was never made") }
    mergeCount += 1
    let fields = [
      (base.currency, mine.currency, preferences.currency, edit.currency),
      (base.theme, mine.theme, preferences.theme, edit.theme),
    ]
    for (base, mine, there, merged) in fields {
      if mine == base, merged != there { problems.append("\(id) undoes \(there) with \(merged), and did not mean to") }
      if mine != base, there == base, merged != mine { problems.append("\(id) does not make \(mine) of \(there)") }
    }
  }
}
