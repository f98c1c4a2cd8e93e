public import TomboloQueue

/// What is paused, as `GET /v1/pauses` tells of it. Without a kind and an ordering key it is the whole queue.
public struct WirePause: Hashable, Sendable, Codable {
  public var kind: String?
  public var orderingKey: String?
  public var namespace: String?
  public var since: WireTimestamp
  public var reason: String

  init(_ pause: Pause) {
    since = WireTimestamp(pause.since)
    reason = pause.reason
    switch pause.scope {
    case .queue: break
    case .kind(let name): kind = name
    case .orderingKey(let name, let space): (orderingKey, namespace) = (name, space)
    }
  }
}

/// The answer to `GET /v1/pauses`, and to whatever changes them: the longest first.
public struct WirePauses: Hashable, Sendable, Codable {
  public var pauses: [WirePause]

  /// What these pauses are on the wire.
  public init(_ pauses: [Pause]) {
    self.pauses = pauses.map { WirePause($0) }
  }
}
