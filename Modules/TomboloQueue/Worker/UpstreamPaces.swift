/// The paces of all upstreams that were met.
struct UpstreamPaces {
  private(set) var names: [String] = []
  private(set) var values: [UpstreamPace] = []
  private var indices: [String: Int] = [:]
  /// The one that was asked for last, which nearly always is the one asked for next.
  private var last: (name: String, index: Int)?

  var isEmpty: Bool { values.isEmpty }
  var count: Int { values.count }

  subscript(name: String) -> UpstreamPace? { indices[name].map { values[$0] } }

  mutating func index(of name: String) -> Int? {
    if let last, last.name == name { return last.index }
    guard let index = indices[name] else { return nil }
    last = (name, index)
    return index
  }

  /// Changes the one with this index in place.
  mutating func change<Value>(_ index: Int, _ body: (inout UpstreamPace) -> Value) -> Value { body(&values[index]) }

  mutating func changeAll(_ body: (inout UpstreamPace) -> Void) {
    for index in values.indices { body(&values[index]) }
  }

  /// Adds one whose name is not there, and answers with its index.
  mutating func add(_ name: String, _ pace: UpstreamPace) -> Int {
    indices[name] = values.count
    names.append(name)
    values.append(pace)
    return values.count - 1
  }
}
