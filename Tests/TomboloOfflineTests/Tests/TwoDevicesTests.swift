import Foundation
import Testing
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import TomboloOffline

/// Two devices and a server, driven by one seed: edits, partitions, lost answers, restarts, edits that the server refuses.
@Suite("Two devices and a server")
struct TwoDevicesTests {
  enum Resolver: String, CaseIterable {
    case timestamp, localWins, remoteWins, manual, threeWayLocal, threeWayRemote, threeWayPark

    var resolver: any ConflictResolver {
      switch self {
      case .timestamp: TimestampConflictResolver()
      case .localWins: LocalWinsConflictResolver()
      case .remoteWins: RemoteWinsConflictResolver()
      case .manual: ManualConflictResolver()
      case .threeWayLocal: ThreeWayMergeConflictResolver(onContradiction: .local)
      case .threeWayRemote: ThreeWayMergeConflictResolver(onContradiction: .remote)
      case .threeWayPark: ThreeWayMergeConflictResolver(onContradiction: .park)
      }
    }
  }

  /// A quarter of a hundred for each resolver; a thousand at night, or as many as `TOMBOLO_SEEDS` says.
  static let seeds: ClosedRange<UInt64> = {
    let variables = ProcessInfo.processInfo.environment
    let usual: UInt64 = variables["TOMBOLO_NIGHTLY"] == nil ? 25 : 1_000
    return 1...(variables["TOMBOLO_SEEDS"].flatMap { UInt64($0) } ?? usual)
  }()

  @Test("agree after the last partition, and no edit vanishes without an outcome", arguments: Resolver.allCases, seeds)
  func converge(_ resolver: Resolver, _ seed: UInt64) async throws {
    try await TwoDevices(seed: seed, resolver: resolver).run()
  }
}

/// Takes edits in the order they come, knows repeats, and refuses names that end in x.
actor PreferencesServer {
  /// Edits that it once called a conflict.
  private(set) var conflicted: Set<String> = []
  private(set) var preferences = Preferences()
  private(set) var version: UInt64 = 0
  private(set) var accepted: [String: Int] = [:]
  /// Each version as it was, the first at 0.
  private(set) var history = [ServerCopy(Preferences(), version: 0)]
  /// What it took and answered without a copy.
  private(set) var unanswered: Set<String> = []
  /// What it took of each edit: a resolver may have made something else of it.
  private(set) var names: [String: String] = [:]

  var copy: ServerCopy<Preferences> {
    ServerCopy(preferences, version: version, includedEdits: Set(accepted.keys))
  }

  /// The present copy; for an answer that took too long the last version before `known`, where there is one.
  func staleCopy(before known: UInt64?) -> ServerCopy<Preferences> {
    guard let known, known > 0 else { return copy }
    return history[Int(known) - 1]
  }

  /// Holds another version than the edit knows, written before or after it; `nil` when it has the edit already, or does not
  /// like it anyway.
  func conflict(_ name: String, _ editID: String, at now: Timestamp) -> RemoteVersion? {
    guard accepted[editID] == nil, !name.hasSuffix("x") else { return nil }
    conflicted.insert(editID)
    return RemoteVersion(
      tag: "\(version)", modifiedAt: now.advanced(by: .seconds(version % 2 == 0 ? 60 : -60)),
      payload: Array(#"{"name":"another","userID":"7"}"#.utf8), detail: "another version")
  }

  func take(_ name: String, _ editID: String, isSilent: Bool) throws -> ServerCopy<Preferences> {
    guard !name.hasSuffix("x") else { throw DeliveryFailure(.refused, "\(name) ends in x") }
    if accepted[editID] == nil {
      preferences.favourites.append(name)
      preferences.currency = name
      version += 1
      names[editID] = name
    }
    accepted[editID, default: 0] += 1
    if version == UInt64(history.count) { history.append(copy) }
    if isSilent { unanswered.insert(name) }
    return copy
  }
}

/// One run from one seed.
struct TwoDevices {
  let seed: UInt64
  let resolver: TwoDevicesTests.Resolver
  private let server = PreferencesServer()

  init(seed: UInt64, resolver: TwoDevicesTests.Resolver) {
    self.seed = seed
    self.resolver = resolver
  }

  func run() async throws {
    var random = SeededGenerator(seed: seed)
    var devices = [try await TestDevice.open(), try await TestDevice.open()]
    var written: [[String]] = [[], []]
    var refusedAtOnce: Set<String> = []
    var versions: [UInt64] = [0, 0]
    for step in 1...40 {
      let index = Int.random(in: 0...1, using: &random)
      let device = devices[index]
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        let isBad = Int.random(in: 0..<6, using: &random) == 0
        let name = "\(step)\(isBad ? "x" : "")"
        let link = Link(roll: Int.random(in: 0..<5, using: &random))
        written[index].append(name)
        do {
          try await device.composite().write(AppendFavourite(userID: "7", name: name), editID: name) { edit, id in
            try await link.send { try await server.take(edit.name, id, isSilent: link.isSilent) }
          }
        } catch let error as OfflineError where error.code == .refused {
          refusedAtOnce.insert(name)
        }
      case 4: device.network.set(.offline)
      case 5: device.network.set(.online)
      case 6: devices[index] = try await device.reopened()
      case 7:
        let link = Link(roll: Int.random(in: 0..<5, using: &random))
        let known = try await device.preferences.read("7")
        let version = link.isSilent ? known.version : nil
        do {
          _ = try await device.composite().read("7") { try await link.call { await server.staleCopy(before: version) } }
        } catch let error as OfflineError where error.code == .bothFailed {
          #expect(!known.isKnown, "seed \(seed), step \(step)")
        }
      default: try await deliver(device, rolls: (0..<8).map { _ in Int.random(in: 0..<5, using: &random) })
      }
      try await audit(devices[index], written[index], refusedAtOnce, at: step)
      versions[index] = try await auditBase(devices[index], written[index], since: versions[index], at: step)
    }
    for device in devices {
      device.network.set(.online)
      device.time.advance(by: .seconds(11))
      try await deliver(device, rolls: [])
      // A person decides what was parked.
      for parked in try await device.store.queue.list(OperationFilter(state: .parked)).snapshots {
        try await device.store.queue.discard(parked.operation.id, reason: "by hand")
      }
    }
    let truth = await server.preferences
    for (index, device) in devices.enumerated() {
      _ = try await auditBase(device, written[index], since: versions[index], at: 99)
      let end = try await device.composite().read("7") { await server.copy }
      #expect(end.value?.favourites == truth.favourites, "seed \(seed), device \(index)")
      #expect(end.value?.currency == truth.currency, "seed \(seed), device \(index)")
      #expect(end.pending.isEmpty, "seed \(seed), device \(index)")
      try await audit(device, written[index], refusedAtOnce, at: 100)
    }
    // Each device's own edits reached the server in the order they were made.
    for names in written {
      let accepted = names.filter { truth.favourites.contains($0) }
      #expect(truth.favourites.filter { accepted.contains($0) } == accepted, "seed \(seed)")
    }
  }

  /// Every edit is at the server, pending, refused with a notice, or was refused to the caller's face; and what is pending
  /// shows.
  private func audit(
    _ device: TestDevice, _ written: [String], _ refusedAtOnce: Set<String>, at step: Int
  ) async throws {
    let snapshot = try await device.preferences.read("7")
    let pending = Set(snapshot.pending.map(\.id))
    let noticed = Set(snapshot.notices.map(\.editID))
    let accepted = await server.accepted
    for name in written {
      let outcomes = [
        accepted[name] != nil, pending.contains(name), noticed.contains(name), refusedAtOnce.contains(name),
      ]
      #expect(outcomes.contains(true), "seed \(seed), step \(step): \(name) vanished")
      #expect(!pending.contains(name) || !noticed.contains(name), "seed \(seed), step \(step): \(name)")
      if pending.contains(name) {
        #expect(snapshot.value?.favourites.contains(name) == true, "seed \(seed), step \(step): \(name) does not show")
      }
    }
    let conflicted = await server.conflicted
    #expect(noticed.allSatisfy { $0.hasSuffix("x") || conflicted.contains($0) }, "seed \(seed), step \(step)")
    // What is told as come to nothing is not at the server.
    #expect(noticed.allSatisfy { accepted[$0] == nil }, "seed \(seed), step \(step)")
    let names = snapshot.value?.favourites ?? []
    #expect(Set(names).count == names.count, "seed \(seed), step \(step): shown twice in \(names)")
    let waiting = Set(
      try await device.store.queue.list(limit: 1_000).snapshots
        .filter { $0.state != .deadLettered }.map(\.operation.idempotencyKey))
    #expect(waiting == pending, "seed \(seed), step \(step)")
  }

  /// What the device holds for the server's is the version that it believes to have, never an earlier one than before, and the edits
  /// that the server took since without saying what came of them. Answers with the version.
  private func auditBase(
    _ device: TestDevice, _ written: [String], since version: UInt64, at step: Int
  ) async throws -> UInt64 {
    let snapshot = try await device.preferences.read("7")
    let (history, unanswered, names) = (await server.history, await server.unanswered, await server.names)
    let known = snapshot.version ?? 0
    #expect(known >= version, "seed \(seed), step \(step): from version \(version) back to \(known)")
    let expected = history[Int(known)].document ?? Preferences()
    let base = snapshot.base ?? Preferences()
    let more = base.favourites.dropFirst(expected.favourites.count)
    #expect(
      base.favourites.starts(with: expected.favourites) && more.allSatisfy { unanswered.contains($0) },
      "seed \(seed), step \(step): \(base) is not version \(known), \(expected)")
    #expect(base.currency == more.last ?? expected.currency, "seed \(seed), step \(step)")
    let pending = Set(snapshot.pending.map(\.id))
    for id in written where !pending.contains(id) {
      guard let name = names[id] else { continue }
      #expect(
        base.favourites.contains(name), "seed \(seed), step \(step): the server has \(name), this device does not")
    }
    return known
  }

  private func deliver(_ device: TestDevice, rolls: [Int]) async throws {
    let rolls = Rolls(rolls)
    var handlers = HandlerRegistry()
    handlers.handle(AppendFavourite.self, in: device.preferences) { edit, attempt in
      let id = attempt.operation.idempotencyKey
      let roll = await rolls.next()
      if roll == 3, attempt.attempt.replacing == nil,
        let remote = await server.conflict(edit.name, id, at: attempt.operation.enqueuedAt)
      {
        return .other(.conflict(remote))
      }
      do {
        let link = Link(roll: roll)
        let copy = try await link.send { try await server.take(edit.name, id, isSilent: link.isSilent) }
        return .accepted(copy)
      } catch let failure as DeliveryFailure where failure.code == .refused {
        return .other(.reject(failure))
      }
    }
    try await device.drain(handlers, resolver: resolver.resolver)
    device.time.advance(by: .seconds(11))
  }
}

/// The way to the server for one call.
struct Link {
  /// 0: the call is lost. 1: it arrives, and the answer is lost. 4: an edit is answered without a copy. Otherwise all is well.
  var roll: Int

  var isSilent: Bool { roll == 4 }

  /// As `call`, for an edit.
  func send<Document>(
    _ body: () async throws -> ServerCopy<Document>
  ) async throws -> ServerCopy<Document>? {
    let copy = try await call(body)
    return isSilent ? nil : copy
  }

  func call<Answer: Sendable>(_ body: () async throws -> Answer) async throws -> Answer {
    if roll == 0 { throw DeliveryFailure(.unreachable, "lost on the way") }
    let answer = try await body()
    if roll == 1 { throw DeliveryFailure(.timeout, "lost on the way back") }
    return answer
  }
}

actor Rolls {
  private var rolls: [Int]
  init(_ rolls: [Int]) { self.rolls = rolls }
  func next() -> Int { rolls.isEmpty ? 2 : rolls.removeFirst() }
}
