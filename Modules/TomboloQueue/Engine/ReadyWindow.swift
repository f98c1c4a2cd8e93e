import TomboloPorts

/// The front of the ready operations of one priority, oldest first: what a claim reads instead of the store. Bounded,
/// whatever the backlog.
///
///     unknown ──refill──▶ complete ──insert beyond the capacity──▶ partial ──┐
///        ▲                 ▲  ▲                                     │ │ ▲    │ extend by what is read ahead
///        └── invalidate    │  └─────────── refill ◀── runs empty ───┘ │ └────┘
///                          └──────────── extend by all there is ──────┘
struct ReadyWindow {
  struct Entry {
    var id: OperationID
    /// The single record of the operation, where it has one: nothing else has to be read of it.
    var record: [UInt8]?
  }

  let capacity: Int
  /// In ascending order; those before `first` were taken.
  private var entries: [Entry] = []
  private var first = 0
  /// Whether the store has no ready operation of this priority that is neither here nor taken.
  private(set) var isComplete = false

  init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  var count: Int { entries.count - first }
  var oldest: OperationID? { first < entries.count ? entries[first].id : nil }
  /// Behind this one nothing is known, unless it is complete; `nil` when there is none.
  var newest: OperationID? { first < entries.count ? entries.last?.id : nil }
  /// Whether the store may have more than is here, and what is here is used up.
  var needsRefill: Bool { !isComplete && count == 0 }

  mutating func popFirst() -> Entry? {
    guard first < entries.count else { return nil }
    let entry = entries[first]
    entries[first].record = nil
    first += 1
    if first == entries.count {
      entries.removeAll(keepingCapacity: true)
      first = 0
    } else if first >= 1_024 {
      entries.removeFirst(first)
      first = 0
    }
    return entry
  }

  /// Puts in an operation that became ready. One that lies beyond what is known is found by the next refill.
  mutating func insert(_ id: OperationID, _ record: [UInt8]? = nil) {
    if !isComplete {
      guard let last = entries.last, first < entries.count, id < last.id else { return }
    }
    let index = position(of: id)
    guard index == entries.count || entries[index].id != id else { return }
    entries.insert(Entry(id: id, record: record), at: index)
    guard count > capacity else { return }
    entries.removeLast()
    isComplete = false
  }

  mutating func remove(_ id: OperationID) {
    // What was taken is before all that are here, mostly.
    guard let oldest, oldest <= id else { return }
    let index = position(of: id)
    guard index < entries.count, entries[index].id == id else { return }
    entries.remove(at: index)
  }

  /// Replaces the content by the first entries of the store, without those that are being delivered: as many as fit.
  mutating func refill(_ found: [Entry], isComplete: Bool) {
    entries = Array(found.prefix(capacity))
    first = 0
    self.isComplete = isComplete && found.count <= capacity
  }

  /// Puts what the store has behind the newest after it.
  mutating func extend(_ found: [Entry], isComplete: Bool) {
    if first > 0 {
      entries.removeFirst(first)
      first = 0
    }
    let room = max(0, capacity - entries.count)
    entries += found.prefix(room)
    self.isComplete = isComplete && found.count <= room
  }

  mutating func invalidate() {
    entries.removeAll(keepingCapacity: true)
    first = 0
    isComplete = false
  }

  private func position(of id: OperationID) -> Int {
    var (low, high) = (first, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
