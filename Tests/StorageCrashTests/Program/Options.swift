import TomboloPorts

/// What the program was asked to do.
struct Options: Sendable {
  var engine: StorageEngine
  var path: String
  var durability = StoreDurability.full
  var producerCount = 1
  var round = 0
  var isGrouped = false
  /// Whether another process may have the store open.
  var isShared = false
  /// Whether to go on when a commit fails; see `StubbornLoad`.
  var isStubborn = false
  var commitCount = 1_000_000
  /// After how many seconds the program ends itself, so that one that hangs is not waited for; zero is never.
  var secondsMaximum = 0

  init(_ arguments: [String]) throws {
    var values: [String: String] = [:]
    var index = 0
    while index + 1 < arguments.count {
      values[arguments[index]] = arguments[index + 1]
      index += 2
    }
    func value<Value>(_ name: String, _ fallback: Value?, _ parse: (String) -> Value?) throws -> Value {
      let given = values.removeValue(forKey: name)
      guard let value = given.map(parse) ?? fallback else {
        throw LoadError(message: "\(name) is missing or cannot be understood: \(given ?? "not given")")
      }
      return value
    }
    engine = try value("--engine", nil) { StorageEngine(rawValue: $0) }
    path = try value("--path", nil) { $0 }
    durability = try value("--durability", durability) { StoreDurability(rawValue: $0) }
    producerCount = try value("--producers", producerCount) { Int($0) }
    round = try value("--round", round) { Int($0) }
    isGrouped = try value("--grouped", isGrouped) { Bool($0) }
    isShared = try value("--shared", isShared) { Bool($0) }
    isStubborn = try value("--stubborn", isStubborn) { Bool($0) }
    commitCount = try value("--commits", commitCount) { Int($0) }
    secondsMaximum = try value("--seconds", secondsMaximum) { Int($0) }
    if let unknown = values.keys.min() { throw LoadError(message: "\(unknown) is no option") }
  }
}
