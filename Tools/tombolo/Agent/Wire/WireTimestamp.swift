public import TomboloPorts

/// A moment as it stands in requests and answers: RFC 3339, such as `2026-11-21T10:42:07.250Z`.
public struct WireTimestamp: Hashable, Sendable {
  public var timestamp: Timestamp

  /// Wraps a moment.
  public init(_ timestamp: Timestamp) {
    self.timestamp = timestamp
  }
}

extension WireTimestamp: CustomStringConvertible {
  /// In UTC with milliseconds.
  public var description: String { timestamp.description }
}

extension WireTimestamp: Codable {
  /// Reads RFC 3339 text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let timestamp = WireTimestamp(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no RFC 3339 timestamp")
    }
    self = timestamp
  }

  /// Writes RFC 3339 text in UTC.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
