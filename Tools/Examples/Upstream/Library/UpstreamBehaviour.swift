/// A way for the upstream to misbehave: for which kinds, how, and how often.
///
///     {"kind": "orders.*", "mode": "status", "status": 503, "retryAfter": 2, "times": 3}
public struct UpstreamBehaviour: Codable, Hashable, Sendable {
  /// What is done instead of accepting.
  public enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
    /// Answers with `status`, `headers` and `body`; nothing is accepted.
    case status
    /// Accepts, after `milliseconds`.
    case delay
    /// Never answers; nothing is accepted.
    case hang
    /// Breaks the connection; nothing is accepted.
    case reset
    /// Accepts, then breaks the connection: the sender cannot know.
    case acceptThenReset
  }

  /// The kind, or its beginning followed by `*`.
  public var kind = "*"
  public var mode: Mode
  /// For `status`.
  public var status = 500
  /// Seconds, sent as `Retry-After` with `status`.
  public var retryAfter: Int?
  /// Sent with `status`.
  public var headers: [String: String] = [:]
  /// Sent with `status`.
  public var body = ""
  /// For `delay`.
  public var milliseconds = 0
  /// How often, before the upstream behaves again; `nil` until it is told otherwise.
  public var times: Int?

  public init(_ mode: Mode, kind: String = "*", times: Int? = nil) {
    self.mode = mode
    self.kind = kind
    self.times = times
  }

  /// Answers with this status.
  public init(
    status: Int, kind: String = "*", times: Int? = nil, retryAfter: Int? = nil, headers: [String: String] = [:],
    body: String = ""
  ) {
    self.init(.status, kind: kind, times: times)
    self.status = status
    self.retryAfter = retryAfter
    self.headers = headers
    self.body = body
  }

  /// Whether it is meant for operations of this kind, and not used up.
  func applies(to operationKind: String) -> Bool {
    if let times, times <= 0 { return false }
    return kind.last == "*" ? operationKind.hasPrefix(kind.dropLast()) : operationKind == kind
  }
}

extension UpstreamBehaviour {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, mode, status, retryAfter, headers, body, milliseconds, times
  }

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  /// Everything but `mode` may be left out. A key that is not known is an error: it is a typing error far more often than
  /// it is meant to be ignored.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let known = CodingKeys.allCases.map(\.rawValue)
    for key in try decoder.container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
      throw UpstreamError("unknown key '\(key.stringValue)'; known are \(known.joined(separator: ", "))")
    }
    let name = try values.decodeIfPresent(String.self, forKey: .mode) ?? Mode.status.rawValue
    guard let mode = Mode(rawValue: name) else {
      throw UpstreamError("unknown mode '\(name)'; known are \(Mode.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.init(mode)
    kind = try values.decodeIfPresent(String.self, forKey: .kind) ?? kind
    status = try values.decodeIfPresent(Int.self, forKey: .status) ?? status
    retryAfter = try values.decodeIfPresent(Int.self, forKey: .retryAfter)
    headers = try values.decodeIfPresent([String: String].self, forKey: .headers) ?? headers
    body = try values.decodeIfPresent(String.self, forKey: .body) ?? body
    milliseconds = try values.decodeIfPresent(Int.self, forKey: .milliseconds) ?? milliseconds
    times = try values.decodeIfPresent(Int.self, forKey: .times)
    guard (200...599).contains(status) else { throw UpstreamError("status \(status) is none that can be answered") }
  }
}
