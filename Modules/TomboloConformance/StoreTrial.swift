import TomboloPorts

/// What one run of a rule came to.
enum Verdict: Sendable {
  case kept
  case excluded(String)
  case violated(String, (any Error)?)
}

/// One run of one rule: the store it works on, and the ways to open it again.
final class StoreTrial {
  /// The store that is open.
  private(set) var store: any KeyValueStore
  /// What every random choice of the rule follows from.
  let seed: UInt64

  private var fixture: StoreFixture
  private let makeFixture: @Sendable () async throws -> StoreFixture

  private init(seed: UInt64, makeFixture: @escaping @Sendable () async throws -> StoreFixture) async throws {
    self.seed = seed
    self.makeFixture = makeFixture
    fixture = try await makeFixture()
    store = try await fixture.open()
  }

  var capabilities: StoreCapabilities { store.capabilities }
  var canCrash: Bool { capabilities.isDurable && fixture.openAfterCrash != nil }

  /// Closes the store and opens it again.
  func reopen() async throws {
    try await store.close()
    store = try await fixture.open()
  }

  /// Opens what would be there if the process had died now.
  func crash() async throws {
    guard let openAfterCrash = fixture.openAfterCrash else { return try await reopen() }
    let former = store
    store = try await openAfterCrash()
    try await former.close()
  }

  /// Opens the store although it is open.
  func openBesides() async throws -> any KeyValueStore {
    try await fixture.open()
  }

  /// Goes on with an empty store in a new place.
  func renew() async throws {
    try await end()
    fixture = try await makeFixture()
    store = try await fixture.open()
  }

  private func end() async throws {
    try await store.close()
    try await fixture.dispose()
  }

  /// Runs `rule` on a fresh store and puts everything that was thrown into words.
  static func verdict(
    of rule: ConformanceRule, seed: UInt64, makeFixture: @escaping @Sendable () async throws -> StoreFixture
  ) async -> Verdict {
    let trial: StoreTrial
    do {
      trial = try await StoreTrial(seed: seed, makeFixture: makeFixture)
    } catch {
      return .violated("the store could not be opened: \(error)", error)
    }
    var verdict = Verdict.kept
    if let reason = rule.exclusion(trial.capabilities, trial.fixture) {
      verdict = .excluded(reason)
    } else {
      do {
        try await rule.body(trial)
      } catch let finding as Finding {
        verdict = .violated(finding.message, nil)
      } catch {
        verdict = .violated("the store threw where the rule allows no error: \(words(for: error))", error)
      }
    }
    do {
      try await trial.end()
    } catch {
      // The rule's own finding says more than what followed from it.
      if case .violated = verdict { return verdict }
      return .violated("the store could not be closed and removed: \(words(for: error))", error)
    }
    return verdict
  }
}
