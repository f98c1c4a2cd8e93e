/// Puts a layer around a store that keeps the same contract: encryption at rest, for one.
public struct StoreDecorator: Sendable {
  private let body: @Sendable (any KeyValueStore) async throws -> any KeyValueStore

  /// - Parameter body: Gives the store to be used instead of the one it gets. Closing the new one closes the other; when it
  ///   throws, the one it got stays open and is the caller's to close.
  public init(_ body: @escaping @Sendable (any KeyValueStore) async throws -> any KeyValueStore) {
    self.body = body
  }

  public func decorate(_ store: any KeyValueStore) async throws -> any KeyValueStore {
    try await body(store)
  }
}

/// Encrypts what a store holds: `storage: { encryption: { type: aes-gcm, keyFile: ./key } }`.
///
/// What it makes must leave a record under the key that `ReservedKeys.encryption` of `TomboloStorage` names, so that nobody
/// takes an encrypted store for a plain one.
public protocol EncryptionPlugin: Plugin where Product == StoreDecorator {}
