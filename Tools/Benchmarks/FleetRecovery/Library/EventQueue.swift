/// What happens next, in the order of time; of one moment in the order in which it was added. A binary heap.
struct EventQueue<Event> {
  private struct Entry {
    var time: Int64
    var number: UInt64
    var event: Event

    func precedes(_ other: Entry) -> Bool { (time, number) < (other.time, other.number) }
  }

  private var entries: [Entry] = []
  private var lastNumber: UInt64 = 0

  var nextTime: Int64? { entries.first?.time }

  mutating func add(_ event: Event, at time: Int64) {
    lastNumber += 1
    entries.append(Entry(time: time, number: lastNumber, event: event))
    var index = entries.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard entries[index].precedes(entries[parent]) else { return }
      entries.swapAt(index, parent)
      index = parent
    }
  }

  mutating func next() -> (time: Int64, event: Event)? {
    guard let first = entries.first, let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return (first.time, first.event) }
    entries[0] = last
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2] where child < entries.count {
        if entries[child].precedes(entries[least]) { least = child }
      }
      guard least != index else { return (first.time, first.event) }
      entries.swapAt(index, least)
      index = least
    }
  }
}
