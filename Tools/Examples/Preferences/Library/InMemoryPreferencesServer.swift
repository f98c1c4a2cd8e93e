public import TomboloOffline
public import TomboloPorts

/// A server in memory, behind a cable that can be pulled. It takes edits in the order they come and knows no conflicts.
public actor InMemoryPreferencesServer: PreferencesServer {
  private var stored: [String: ServerCopy<Preferences>] = [:]
  public var isReachable = true

  public init() {}

  public func setReachable(_ isReachable: Bool) { self.isReachable = isReachable }

  public func preferences(of userID: String) throws -> ServerCopy<Preferences> {
    guard isReachable else { throw DeliveryFailure(.unreachable, "the cable is pulled") }
    return stored[userID] ?? ServerCopy(nil, version: 0)
  }

  public func apply(
    _ edit: some PreferencesEdit, idempotencyKey: String, editedAt: Timestamp?, replacing: RemoteVersion?
  ) throws -> ServerCopy<Preferences> {
    var copy = try preferences(of: edit.userID)
    guard copy.includedEdits.insert(idempotencyKey).inserted else { return copy }
    try edit.apply(to: &copy.document)
    if let currency = copy.document?.currency, currency.count != 3 {
      throw DeliveryFailure(.refused, "\(currency) is no currency")
    }
    copy.version = (copy.version ?? 0) + 1
    stored[edit.userID] = copy
    return copy
  }
}
