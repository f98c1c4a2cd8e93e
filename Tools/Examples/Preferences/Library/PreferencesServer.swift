public import TomboloOffline
public import TomboloPorts

/// What is on the other side of the network: it keeps preferences with a version, and knows a repeated edit by its key.
public protocol PreferencesServer: Sendable {
  func preferences(of userID: String) async throws -> ServerCopy<Preferences>
  /// Makes an edit, once, however often it is sent under one key.
  ///
  /// Throws `PreferencesConflict` when another device changed the same field since the version that the edit was made on, and
  /// `DeliveryFailure` with `refused` when it can never be made.
  ///
  /// - Parameters:
  ///   - editedAt: when it was made; now when `nil`.
  ///   - replacing: the version that a conflict resolver decided it is to replace.
  func apply(
    _ edit: some PreferencesEdit, idempotencyKey: String, editedAt: Timestamp?, replacing: RemoteVersion?
  ) async throws -> ServerCopy<Preferences>
}

extension PreferencesServer {
  public func apply(_ edit: some PreferencesEdit, idempotencyKey: String) async throws -> ServerCopy<Preferences> {
    try await apply(edit, idempotencyKey: idempotencyKey, editedAt: nil, replacing: nil)
  }
}

/// The server holds another value of the field, written by another device since.
public struct PreferencesConflict: ClassifiedError, Hashable {
  public var remote: RemoteVersion
  public var classification: FailureClassification { .conflict }

  public init(_ remote: RemoteVersion) {
    self.remote = remote
  }
}
