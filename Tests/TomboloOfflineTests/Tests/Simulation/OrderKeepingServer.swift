import Synchronization
import TomboloOffline
import TomboloPorts
import TomboloTesting

/// The server of a `CompositeSimulation`: numbers what is to be written, takes each edit once, and notes what comes too late. It
/// refuses every eleventh.
final class OrderKeepingServer: Sendable {
  private struct State {
    var lastNumbers: [String: Int] = [:]
    var copies: [String: ServerCopy<Preferences>] = [:]
    /// Of each user the names at each version, the first at 0; and those that were taken and answered without a copy.
    var history: [String: [[String]]] = [:]
    var unanswered: [String: Set<String>] = [:]
    var acknowledged: [String: [String]] = [:]
    var problems: [String] = []
  }

  private let state = Mutex(State())

  var problems: [String] { state.withLock { $0.problems } }

  func note(_ problem: String) { state.withLock { $0.problems.append(problem) } }

  /// What is to be written next to a user's preferences.
  func nextEdit(_ userID: String) -> AppendFavourite {
    state.withLock { state in
      let number = state.lastNumbers[userID, default: 0] + 1
      state.lastNumbers[userID] = number
      return AppendFavourite(userID: userID, name: "\(number)")
    }
  }

  /// The writer was told that this is queued or delivered.
  func acknowledge(_ edit: AppendFavourite) {
    state.withLock { $0.acknowledged[edit.userID, default: []].append(edit.name) }
  }

  func acknowledged(_ userID: String) -> [String] { state.withLock { $0.acknowledged[userID] ?? [] } }

  func copy(_ userID: String) -> ServerCopy<Preferences> {
    state.withLock { $0.copies[userID] ?? ServerCopy(nil, version: 0) }
  }

  /// The edit was taken, and is answered without a copy.
  func keepSilent(_ edit: AppendFavourite) {
    state.withLock { _ = $0.unanswered[edit.userID, default: []].insert(edit.name) }
  }

  /// Notes when what a device holds for the server's is not the version that it believes to have, and edits that were taken since
  /// and answered without a copy.
  func compare(_ base: Preferences?, at version: UInt64?, of userID: String) {
    state.withLock { state in
      let history = state.history[userID] ?? [[]]
      let (names, version) = (base?.favourites ?? [], Int(version ?? 0))
      guard version < history.count, names.starts(with: history[version]),
        names.dropFirst(history[version].count).allSatisfy({ state.unanswered[userID]?.contains($0) == true })
      else {
        state.problems.append("\(names) is not version \(version) of \(userID)")
        return
      }
    }
  }

  func take(_ edit: AppendFavourite, _ id: String) throws -> ServerCopy<Preferences> {
    try state.withLock { state in
      var copy = state.copies[edit.userID] ?? ServerCopy(nil, version: 0)
      guard !copy.includedEdits.contains(id) else { return copy }
      let number = Int(edit.name) ?? 0
      if number.isMultiple(of: 11) { throw DeliveryFailure(.refused, "no more of these") }
      if let last = copy.document?.favourites.last.flatMap({ Int($0) }), last > number {
        state.problems.append("\(number) of \(edit.userID) arrives after \(last)")
      }
      edit.apply(to: &copy.document)
      copy.version = (copy.version ?? 0) + 1
      copy.includedEdits.insert(id)
      state.copies[edit.userID] = copy
      state.history[edit.userID, default: [[]]].append(copy.document?.favourites ?? [])
      return copy
    }
  }
}

/// The way to the server of one process: calls are lost before or after they arrive, hang, or take their time.
final class SimulatedLink: Sendable {
  private let process: SimulatedProcess
  private let server: OrderKeepingServer
  private let trace: SimulationTrace
  private let random: Mutex<SeededGenerator>

  init(_ process: SimulatedProcess, to server: OrderKeepingServer, trace: SimulationTrace) {
    self.process = process
    self.server = server
    self.trace = trace
    random = Mutex(process.random("link"))
  }

  @Sendable func send(_ edit: AppendFavourite, _ id: String) async throws -> ServerCopy<Preferences>? {
    try await pause(milliseconds: 200)
    guard process.network.status.isOnline else { throw DeliveryFailure(.unreachable, "no route") }
    let roll = process.isLast ? 9 : random.withLock { Int.random(in: 0...9, using: &$0) }
    switch roll {
    case 0: throw DeliveryFailure(.unreachable, "lost on the way")
    case 1:
      _ = try take(edit, id)
      throw DeliveryFailure(.unreachable, "lost on the way back")
    case 2:
      try await process.time.sleep(for: .seconds(120))
      throw DeliveryFailure(.timeout, "it hangs")
    case 3:
      _ = try take(edit, id)
      try await process.time.sleep(for: .seconds(120))
      throw DeliveryFailure(.timeout, "the answer hangs")
    case 4:
      try await pause(milliseconds: 9_000)
      return try take(edit, id)
    case 5:
      _ = try take(edit, id)
      server.keepSilent(edit)
      return nil
    default: return try take(edit, id)
    }
  }

  private func take(_ edit: AppendFavourite, _ id: String) throws -> ServerCopy<Preferences> {
    guard process.isAlive else { throw CancellationError() }
    trace.note("\(process.time.uptime) \(edit.name) of \(edit.userID) arrives")
    return try server.take(edit, id)
  }

  private func pause(milliseconds maximum: Int) async throws {
    let milliseconds = random.withLock { Int.random(in: 0...maximum, using: &$0) }
    try await process.time.sleep(for: .milliseconds(milliseconds))
  }
}
