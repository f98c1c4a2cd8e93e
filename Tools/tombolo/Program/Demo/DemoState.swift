/// All that the demo shows at one moment.
struct DemoState: Sendable, Equatable {
  /// What the network monitor says.
  struct Network: Sendable, Equatable {
    var condition: String
    var isOnline: Bool
    var age: Duration
    var reason: String
  }

  /// How much the queue holds in each state.
  struct Depth: Sendable, Equatable {
    var pending = 0
    var delivering = 0
    var retrying = 0
    var blocked = 0
    var deadLettered = 0

    /// What will still be delivered.
    var waiting: Int { pending + delivering + retrying + blocked }
  }

  /// Something the demo did or measured, in words.
  struct Note: Sendable, Equatable {
    var elapsed: Duration
    var text: String
  }

  /// Something that happened to an operation.
  struct Event: Sendable, Equatable {
    var verb: String
    var operation: DemoOperation
    var detail: String
  }

  /// More than any screen shows is not kept.
  static let eventsMaximum = 40

  var elapsed = Duration.zero
  var phase = DemoPhase.online
  /// `nil` while no process runs.
  var network: Network?
  var depth = Depth()
  var enqueuedCount = 0
  var deliveredCount = 0
  /// All of them, oldest first.
  var notes: [Note] = []
  /// The newest, oldest first.
  var events: [Event] = []

  mutating func add(_ event: Event) {
    events.append(event)
    if events.count > Self.eventsMaximum { events.removeFirst(events.count - Self.eventsMaximum) }
  }
}
