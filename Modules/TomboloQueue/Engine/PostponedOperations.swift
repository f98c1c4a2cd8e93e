import TomboloPorts

/// Ready operations that a claim met while their upstream had no room: kept out of the windows until it has, so that the next
/// claim looks behind them. Only in memory, and bounded: in the store they are ready all the while.
struct PostponedOperations {
  /// Those of one upstream.
  private struct Line {
    /// For each priority.
    var windows: [ReadyWindow]
    /// How often a more urgent one came back since this priority last had its turn.
    var passedOver = [Int](repeating: 0, count: OperationPriority.allCases.count)

    init(countMaximum: Int) {
      var window = ReadyWindow(capacity: countMaximum)
      window.refill([], isComplete: true)
      windows = Array(repeating: window, count: OperationPriority.allCases.count)
    }

    mutating func take(passedOverMaximum: Int) -> (id: OperationID, priority: OperationPriority)? {
      let waiting = OperationPriority.allCases.filter { windows[Int($0.rawValue)].count > 0 }
      let overdue = waiting.first { passedOver[Int($0.rawValue)] >= max(1, passedOverMaximum) }
      guard let priority = overdue ?? waiting.first, let id = windows[Int(priority.rawValue)].popFirst() else {
        return nil
      }
      passedOver[Int(priority.rawValue)] = 0
      for lower in waiting where lower > priority { passedOver[Int(lower.rawValue)] += 1 }
      return (id, priority)
    }
  }

  /// The most that are kept at a time.
  let countMaximum: Int
  private var lines: [String: Line] = [:]
  private var places: [OperationID: (upstream: String, priority: OperationPriority)] = [:]

  init(countMaximum: Int) {
    self.countMaximum = countMaximum
  }

  var count: Int { places.count }
  /// In an order of their own, so that a simulated world can be repeated.
  var upstreams: [String] { lines.keys.sorted() }

  func contains(_ id: OperationID) -> Bool { places[id] != nil }

  mutating func insert(_ id: OperationID, _ priority: OperationPriority, of upstream: String) {
    places[id] = (upstream, priority)
    lines[upstream, default: Line(countMaximum: countMaximum)].windows[Int(priority.rawValue)].insert(id)
  }

  mutating func remove(_ id: OperationID) {
    guard !places.isEmpty, let place = places.removeValue(forKey: id) else { return }
    lines[place.upstream]?.windows[Int(place.priority.rawValue)].remove(id)
  }

  /// Takes up to `limit` of one upstream: the most urgent first, of those the longest waiting, and what was passed over often
  /// enough before either.
  mutating func take(
    _ limit: Int, of upstream: String, passedOverMaximum: Int
  ) -> [(id: OperationID, priority: OperationPriority)] {
    guard limit > 0, var line = lines.removeValue(forKey: upstream) else { return [] }
    var taken: [(id: OperationID, priority: OperationPriority)] = []
    while taken.count < limit, let next = line.take(passedOverMaximum: passedOverMaximum) {
      places[next.id] = nil
      taken.append(next)
    }
    if line.windows.contains(where: { $0.count > 0 }) { lines[upstream] = line }
    return taken
  }

  mutating func removeAll() {
    lines.removeAll()
    places.removeAll()
  }
}
