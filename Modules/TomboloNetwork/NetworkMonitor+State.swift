import TomboloPorts

extension NetworkMonitor {
  /// Everything the monitor's lock guards.
  struct State: Sendable {
    var machine: NetworkStatusMachine
    var shared: SharedProbe?
    private var random: any RandomNumberGenerator & Sendable

    private var lastToken = 0
    private var observers: [Int: Observer] = [:]
    /// Callbacks that `run()` has not taken up yet.
    private var newCallbacks: [Int: CallbackObserver] = [:]

    /// Counts changes of the condition.
    private var revision = 0
    private var publishedRevision = 0
    private var isPublishing = false

    private struct Observer {
      var continuation: AsyncStream<NetworkStatus>.Continuation
      /// The revision it was handed when it came.
      var revision: Int
    }

    init(
      machine: NetworkStatusMachine, shared: SharedProbe?, random: any RandomNumberGenerator & Sendable
    ) {
      self.machine = machine
      self.shared = shared
      self.random = random
    }

    var observerCount: Int { observers.count }

    /// Takes in an event and tells whether the caller is to publish: nobody else is at it.
    mutating func handle(_ event: NetworkStatusMachine.Event, at moment: NetworkStatusMachine.Moment) -> Bool {
      isPublisher(afterChange: machine.handle(event, at: moment))
    }

    /// Goes on with another probe; answers like `handle`.
    mutating func reconfigure(
      _ configuration: NetworkMonitorConfiguration, probe: SharedProbe?, at moment: NetworkStatusMachine.Moment
    ) -> Bool {
      shared = probe
      return isPublisher(afterChange: machine.reconfigure(configuration, hasProbe: probe != nil, at: moment))
    }

    private mutating func isPublisher(afterChange isChange: Bool) -> Bool {
      guard isChange else { return false }
      revision += 1
      guard !isPublishing else { return false }
      isPublishing = true
      return true
    }

    /// The newest change nobody was told of, and whom to tell; `nil`, and the end of publishing, when there is none.
    mutating func nextPublication() -> Publication? {
      guard publishedRevision < revision else {
        isPublishing = false
        return nil
      }
      publishedRevision = revision
      let waiting = observers.values.filter { $0.revision < publishedRevision }.map(\.continuation)
      return Publication(status: machine.status, continuations: waiting)
    }

    /// Adds an observer with the present status. Nobody reads a stream that was not handed out yet, so yielding under the
    /// lock resumes nothing.
    mutating func addObserver(_ continuation: AsyncStream<NetworkStatus>.Continuation) -> Int {
      continuation.yield(machine.status)
      let token = nextToken()
      observers[token] = Observer(continuation: continuation, revision: revision)
      return token
    }

    mutating func removeObserver(_ token: Int) {
      observers[token] = nil
    }

    mutating func addCallback(_ observer: CallbackObserver) -> Int {
      let token = nextToken()
      newCallbacks[token] = observer
      return token
    }

    mutating func removeCallback(_ token: Int) {
      newCallbacks[token] = nil
    }

    mutating func takeNewCallbacks() -> [CallbackObserver] {
      guard !newCallbacks.isEmpty else { return [] }
      defer { newCallbacks = [:] }
      return newCallbacks.sorted { $0.key < $1.key }.map(\.value)
    }

    /// A number from 0 to 1.
    mutating func drawJitter() -> Double {
      Double(random.next() >> 11) / Double(1 << 53)
    }

    private mutating func nextToken() -> Int {
      lastToken += 1
      return lastToken
    }
  }

  /// A change and whom to tell of it.
  struct Publication {
    var status: NetworkStatus
    var continuations: [AsyncStream<NetworkStatus>.Continuation]
  }
}
