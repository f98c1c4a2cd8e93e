public import TomboloOffline
public import TomboloPorts
public import TomboloQueue

/// Makes the service. It knows no user: one service serves them all, and follows the network by itself. Every service that it makes
/// is a face of one composite, so that edits take turns whoever makes them.
public struct UserPreferencesFactory: Sendable {
  /// What is stored here: who asks it learns which edits are pending, and which came to nothing.
  public let documents: DocumentCollection<Preferences>
  private let composite: OfflineComposite<Preferences>
  private let server: any PreferencesServer

  /// - Parameter onlineTimeout: how long an online call may take before it is answered, or queued, here.
  public init(
    store: OfflineStore, server: any PreferencesServer, network: any NetworkStatusSource,
    onlineTimeout: Duration = .seconds(10)
  ) {
    documents = DocumentCollection(Preferences.self, in: store)
      .edited(by: SetPreferredCurrency.self).edited(by: SetTheme.self).edited(by: SetLanguage.self)
      .edited(by: ReplacePreferences.self)
    composite = OfflineComposite(documents, network: network, onlineTimeout: onlineTimeout)
    self.server = server
  }

  /// Online when it can, here when it cannot.
  public func make() -> any UserPreferences { CompositeUserPreferences(documents: composite, server: server) }

  /// Fetches what stale readers want, takes back at once what came to nothing, and keeps the status of the network fresh, until the
  /// task is cancelled. Runs once, beside whatever was made.
  public func run() async { await composite.run() }

  /// Here only; what is written is delivered when a worker runs.
  public func makeLocal() -> any UserPreferences { LocalUserPreferences(documents: documents) }

  /// How queued edits reach the server.
  public func handlers() -> HandlerRegistry {
    var handlers = HandlerRegistry()
    handlers.handle(SetPreferredCurrency.self, in: documents) { try await answer($0, $1) }
    handlers.handle(SetTheme.self, in: documents) { try await answer($0, $1) }
    handlers.handle(SetLanguage.self, in: documents) { try await answer($0, $1) }
    handlers.handle(ReplacePreferences.self, in: documents) { try await answer($0, $1) }
    return handlers
  }

  private func answer(
    _ edit: some PreferencesEdit, _ attempt: CommandAttempt
  ) async throws -> EditAnswer<Preferences> {
    do {
      return .accepted(
        try await server.apply(
          edit, idempotencyKey: attempt.operation.idempotencyKey, editedAt: attempt.operation.enqueuedAt,
          replacing: attempt.attempt.replacing))
    } catch let failure as DeliveryFailure where failure.code == .refused {
      return .other(.reject(failure))
    } catch let conflict as PreferencesConflict {
      return .other(.conflict(conflict.remote))
    }
  }
}
