import TomboloPorts

/// Why a ready operation was set aside: what it belongs to does not deliver now. In the store as a letter and a name.
enum AsideScope: Hashable, Sendable {
  /// Its kind is paused.
  case kind(String)
  /// Its ordering key is paused.
  case orderingKey(OrderingKey)
  /// Its namespace is not active.
  case namespace(String)
  /// Its kind has as many deliveries under way as it may, or has used up its rate.
  case limit(kind: String)

  var stored: String {
    switch self {
    case .kind(let name): "k" + name
    case .orderingKey(let key): "o" + key.stored
    case .namespace(let name): "n" + name
    case .limit(let kind): "l" + kind
    }
  }

  init?(stored: String) {
    let name = String(stored.dropFirst())
    switch stored.first {
    case "k": self = .kind(name)
    case "o": self = .orderingKey(OrderingKey(stored: name))
    case "n": self = .namespace(name)
    case "l": self = .limit(kind: name)
    default: return nil
    }
  }
}
