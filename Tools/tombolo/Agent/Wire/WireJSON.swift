#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// Any JSON value, decoded: a payload, for showing it to a person.
///
/// Numbers keep up to 38 digits; the order of keys is lost. Whoever needs the exact bytes takes them from the answer itself.
public indirect enum WireJSON: Hashable, Sendable {
  case null
  case boolean(Bool)
  case number(Decimal)
  case string(String)
  case array([WireJSON])
  case object([String: WireJSON])
}

extension WireJSON: Codable {
  /// Reads whatever stands there.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = Self.attempt({ try container.decode(Bool.self) }) {
      self = .boolean(value)
    } else if let value = Self.attempt({ try container.decode(String.self) }) {
      self = .string(value)
    } else if let value = Self.attempt({ try container.decode(Decimal.self) }) {
      self = .number(value)
    } else if let value = Self.attempt({ try container.decode([WireJSON].self) }) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: WireJSON].self))
    }
  }

  /// Writes the value as what it is.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .boolean(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  /// `Decoder` cannot be asked what stands there: a refusal only says that it is something else, and the last type that is
  /// tried throws what is wrong.
  private static func attempt<Value>(_ decode: () throws -> Value) -> Value? {
    do { return try decode() } catch { return nil }
  }
}
