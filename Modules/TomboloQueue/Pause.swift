public import TomboloPorts

/// What does not deliver until it is resumed. A pause is stored: it outlives the process.
public struct Pause: Hashable, Sendable {
  /// What is paused.
  public enum Scope: Hashable, Sendable {
    /// The whole queue.
    case queue
    case kind(String)
    case orderingKey(String, namespace: String? = nil)
  }

  public var scope: Scope
  public var since: Timestamp
  /// Why, in words for a person.
  public var reason: String
}

extension Pause.Scope: CustomStringConvertible {
  public var description: String {
    switch self {
    case .queue: "the queue"
    case .kind(let kind): "the kind \(kind)"
    case .orderingKey(let key, let namespace):
      "the ordering key \(key)" + (namespace.map { " of \($0)" } ?? "")
    }
  }
}

extension Pause.Scope {
  /// How it stands in keys of the store.
  var stored: String {
    switch self {
    case .queue: "q"
    case .kind(let kind): "k" + kind
    case .orderingKey(let key, let namespace): "o" + QueueLayout.name(key, in: namespace)
    }
  }

  init?(stored: String) {
    let name = String(stored.dropFirst())
    switch stored.first {
    case "q": self = .queue
    case "k": self = .kind(name)
    case "o":
      let (key, namespace) = QueueLayout.split(name)
      self = .orderingKey(key, namespace: namespace)
    default: return nil
    }
  }
}
