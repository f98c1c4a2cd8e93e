import TomboloPorts

/// One promise of the contract of `KeyValueStore`, and the way to find out whether a store keeps it.
///
/// A rule knows a store by its capabilities and by the codes of its errors, never by its engine. As an argument of a
/// parameterised test it shows its `id`.
public struct ConformanceRule: Sendable, Identifiable {
  /// Subject and promise, such as `scan.limit`; stays the same for ever, so that a test can name it.
  public let id: String
  /// The promise, in the words of the contract.
  public let sentence: String

  /// Why the rule says nothing about a store, or `nil` when it applies.
  let exclusion: @Sendable (StoreCapabilities, StoreFixture) -> String?
  /// Returns when the promise is kept; throws a `ConformanceViolation`, or whatever the store threw, when it is not.
  let body: @Sendable (StoreTrial) async throws -> Void

  init(
    _ id: String, _ sentence: String,
    excluded exclusion: @escaping @Sendable (StoreCapabilities, StoreFixture) -> String? = { _, _ in nil },
    _ body: @escaping @Sendable (StoreTrial) async throws -> Void
  ) {
    self.id = id
    self.sentence = sentence
    self.exclusion = exclusion
    self.body = body
  }
}

extension ConformanceRule: CustomStringConvertible {
  public var description: String { id }
}

/// Reasons that more than one rule excludes a store for.
enum Exclusion {
  @Sendable static func notDurable(_ capabilities: StoreCapabilities, _ fixture: StoreFixture) -> String? {
    capabilities.isDurable ? nil : "its capabilities say that it is not durable"
  }

  @Sendable static func noCrash(_ capabilities: StoreCapabilities, _ fixture: StoreFixture) -> String? {
    notDurable(capabilities, fixture)
      ?? (fixture.openAfterCrash == nil ? "the fixture cannot open what a crash would leave" : nil)
  }

  @Sendable static func openTwice(_ capabilities: StoreCapabilities, _ fixture: StoreFixture) -> String? {
    notDurable(capabilities, fixture)
      ?? (capabilities.isShareable ? "its capabilities say that several may have it open at once" : nil)
  }
}
