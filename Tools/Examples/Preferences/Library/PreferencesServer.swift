public import TomboloOffline
import TomboloPorts

/// What is on the other side of the network: it keeps preferences with a version, and knows a repeated edit by its key.
public protocol PreferencesServer: Sendable {
  func preferences(of userID: String) async throws -> ServerCopy<Preferences>
  func apply(_ edit: SetPreferredCurrency, idempotencyKey: String) async throws -> ServerCopy<Preferences>
  func apply(_ edit: SetTheme, idempotencyKey: String) async throws -> ServerCopy<Preferences>
}

/// A server in memory, behind a cable that can be pulled.
public actor InMemoryPreferencesServer: PreferencesServer {
  private var stored: [String: ServerCopy<Preferences>] = [:]
  public var isReachable = true

  public init() {}

  public func setReachable(_ isReachable: Bool) { self.isReachable = isReachable }

  public func preferences(of userID: String) throws -> ServerCopy<Preferences> {
    guard isReachable else { throw DeliveryFailure(.unreachable, "the cable is pulled") }
    return stored[userID] ?? ServerCopy(nil, version: 0)
  }

  public func apply(_ edit: SetPreferredCurrency, idempotencyKey: String) throws -> ServerCopy<Preferences> {
    guard edit.currency.count == 3 else {
      throw DeliveryFailure(.refused, "\(edit.currency) is no currency")
    }
    return try change(edit.userID, idempotencyKey) { edit.apply(to: &$0) }
  }

  public func apply(_ edit: SetTheme, idempotencyKey: String) throws -> ServerCopy<Preferences> {
    try change(edit.userID, idempotencyKey) { edit.apply(to: &$0) }
  }

  private func change(
    _ userID: String, _ idempotencyKey: String, _ body: (inout Preferences?) -> Void
  ) throws -> ServerCopy<Preferences> {
    var copy = try preferences(of: userID)
    guard copy.includedEdits.insert(idempotencyKey).inserted else { return copy }
    body(&copy.document)
    copy.version = (copy.version ?? 0) + 1
    stored[userID] = copy
    return copy
  }
}
