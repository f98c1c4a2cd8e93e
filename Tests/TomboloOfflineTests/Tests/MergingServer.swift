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
  /// What the resolver by timestamp did wrong.
  private(set) var stampProblems: [String] = []
  /// Versions that were insisted on with a stamp that is later than the wall clock of the device that wrote them.
  private(set) var movedStampCount = 0
  /// Edits that met a newer version.
  private(set) var conflicted: Set<String> = []
  private var version: UInt64 = 1
  /// Each version as it was, the first at 1.
  private(set) var history: [UInt64: ServerCopy<Preferences>] = [1: ServerCopy(Preferences(), version: 1)]
  /// The versions that each device's edits made, of those that were answered without a copy.
  private(set) var unanswered: [String: Set<UInt64>] = [:]
  private var madeBy: [String: UInt64] = [:]
  private var versions: [String: UInt64] = [:]
  /// When the newest version was written, by the clock of its writer.
  private(set) var written: HybridTimestamp?
  /// What each edit was made on, and what it said.
  private var originals: [String: (base: RewritePreferences, edit: RewritePreferences)] = [:]

  var copy: ServerCopy<Preferences> { ServerCopy(preferences, version: version, includedEdits: accepted) }

  /// The present copy; for an answer that took too long the last version before `known`, where there is one.
  func staleCopy(before known: UInt64?) -> ServerCopy<Preferences> {
    known.flatMap { history[$0 - 1] } ?? copy
  }

  func expect(_ edit: RewritePreferences, over base: Preferences?, id: String) {
    if let base = edit.base(over: base) { originals[id] = (base, edit) }
  }

  /// Somebody else changes one field, a little earlier or later than `now`.
  func meddle(_ value: String, at now: Timestamp) {
    let isEven = version.isMultiple(of: 2)
    if isEven { preferences.currency = value } else { preferences.theme = value }
    note("elsewhere", at: HybridTimestamp(time: now.advanced(by: .seconds(isEven ? 30 : -30)), node: "elsewhere"))
  }

  func take(
    _ edit: RewritePreferences, _ id: String, from device: String, at stamp: HybridTimestamp, clock: Timestamp,
    replacing: RemoteVersion? = nil, isSilent: Bool
  ) throws -> ServerCopy<Preferences> {
    defer { if isSilent, let made = madeBy[id] { unanswered[device, default: []].insert(made) } }
    guard !accepted.contains(id) else { return copy }
    let known = max(edit.basedOn, replacing?.tag.flatMap { UInt64($0) } ?? 0)
    guard versions.allSatisfy({ $0.key == device || $0.value <= known }) else {
      let mine = RewritePreferences(
        userID: edit.userID, currency: preferences.currency, theme: preferences.theme, basedOn: version)
      conflicted.insert(id)
      throw NewerVersion(
        remote: RemoteVersion(
          tag: "\(version)", modifiedAt: written?.time, written: written, payload: try NewOperation(mine).payload,
          detail: "newer"))
    }
    if let replacing {
      check(edit, id)
      if stamp.time > clock { movedStampCount += 1 }
      if let there = replacing.written, stamp <= there {
        stampProblems.append("\(id), written at \(stamp), replaces what was written at \(there)")
      }
    }
    (preferences.currency, preferences.theme) = (edit.currency, edit.theme)
    accepted.insert(id)
    note(device, at: stamp)
    madeBy[id] = version
    return copy
  }

  private func note(_ device: String, at stamp: HybridTimestamp) {
    version += 1
    versions[device] = version
    history[version] = copy
    written = stamp
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
