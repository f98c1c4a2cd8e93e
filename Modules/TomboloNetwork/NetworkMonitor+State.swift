import TomboloPorts

extension NetworkMonitor {
  /// Everything the monitor's lock guards.
  struct State: Sendable {
    /// That of the whole first, then those of the upstreams.
    var machines: [NetworkStatusMachine]
    /// The probes of the same.
    var probes: [SharedProbe?]
    private let names: [String]
    private var random: any RandomNumberGenerator & Sendable

    private var lastToken = 0
    private var observers: [Int: Observer] = [:]
    /// Callbacks that `run()` has not taken up yet.
    private var newCallbacks: [Int: CallbackObserver] = [:]

    /// Counts changes of a condition.
    private var revision = 0
    private var publishedRevision = 0
    private var published: NetworkStatus
    private var isPublishing = false
    /// Why the system cannot know of the ways out, when that is so.
    private var reasonNotToKnow: String?

    private struct Observer {
      var continuation: AsyncStream<NetworkStatus>.Continuation
      /// The revision it was handed when it came.
      var revision: Int
    }

    /// - Parameter names: of the upstreams, in the order of their machines.
    init(
      machines: [NetworkStatusMachine], probes: [SharedProbe?], names: [String],
      random: any RandomNumberGenerator & Sendable
    ) {
      self.machines = machines
      self.probes = probes
      self.names = names
      self.random = random
      published = machines[0].status
      published = status
    }

    var observerCount: Int { observers.count }

    /// The whole with all its upstreams.
    var status: NetworkStatus {
      var status = machines[0].status
      status.upstreams = zip(names, machines.dropFirst()).map { name, machine in
        let own = machine.status
        return UpstreamStatus(name: name, own.condition, since: own.since, evidence: own.evidence)
      }
      return status
    }

    /// What the task that probes a subject is to do. Nothing is probed while nobody observes.
    func nextStep(
      _ index: Int, at uptime: Duration, isProbeLocal: Bool
    ) -> NetworkStatusMachine.Step {
      machines[index].nextStep(at: uptime, isObserved: !observers.isEmpty, isProbeLocal: isProbeLocal)
    }

    /// Takes in an event of all subjects or one, and tells whether the caller is to publish: something changed, and nobody
    /// else is at it.
    mutating func handle(
      _ event: NetworkStatusMachine.Event, _ index: Int?, at moment: NetworkStatusMachine.Moment
    ) -> Bool {
      var isChange = false
      for index in index.map({ $0..<$0 + 1 }) ?? machines.indices {
        if machines[index].handle(event, at: moment) { isChange = true }
      }
      if !machines[0].hasProbe, let best = bestUpstream,
        machines[0].handle(.probed(best, jitter: 0), at: moment)
      {
        isChange = true
      }
      return isPublisher(afterChange: isChange)
    }

    /// Goes on with another probe of the whole; answers like `handle`.
    mutating func reconfigure(
      _ configuration: NetworkMonitorConfiguration, probe: SharedProbe?, at moment: NetworkStatusMachine.Moment
    ) -> Bool {
      probes[0] = probe
      return isPublisher(afterChange: machines[0].reconfigure(configuration, hasProbe: probe != nil, at: moment))
    }

    /// Why the system cannot know, if it says so and did not say it before.
    mutating func newReasonNotToKnow(_ report: NetworkPathReport) -> String? {
      let previous = reasonNotToKnow
      reasonNotToKnow = if case .unknown(let reason) = report { reason } else { nil }
      return reasonNotToKnow == previous ? nil : reasonNotToKnow
    }

    private mutating func isPublisher(afterChange isChange: Bool) -> Bool {
      guard isChange else { return false }
      revision += 1
      guard !isPublishing else { return false }
      isPublishing = true
      return true
    }

    /// What the upstreams say of the whole where it has no probe of its own: what the best of them is. `nil` when that is
    /// said already, or nothing is known of any.
    private var bestUpstream: ProbeResult? {
      let known = zip(names, machines.dropFirst()).filter { $0.1.hasEvidence }
      let order: [NetworkStatus.Condition] = [.online, .portal, .limited, .offline]
      for condition in order {
        guard let best = known.first(where: { $0.1.condition == condition }) else { continue }
        let result = ProbeResult(
          condition == .offline ? .limited : condition, detail: "upstream \(best.0) is \(condition.rawValue)")
        return machines[0].probed?.result == result ? nil : result
      }
      return nil
    }

    /// The newest change nobody was told of, and whom to tell; `nil`, and the end of publishing, when there is none.
    mutating func nextPublication() -> Publication? {
      guard publishedRevision < revision else {
        isPublishing = false
        return nil
      }
      publishedRevision = revision
      let waiting = observers.values.filter { $0.revision < publishedRevision }.map(\.continuation)
      let present = status
      defer { published = present }
      return Publication(previous: published, status: present, continuations: waiting)
    }

    /// Adds an observer with the present status, and tells whether it is the only one. Nobody reads a stream that was not
    /// handed out yet, so yielding under the lock resumes nothing.
    mutating func addObserver(
      _ continuation: AsyncStream<NetworkStatus>.Continuation
    ) -> (token: Int, isFirst: Bool) {
      continuation.yield(status)
      let token = nextToken()
      observers[token] = Observer(continuation: continuation, revision: revision)
      return (token, observers.count == 1)
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

  /// A change, what was told before, and whom to tell of it.
  struct Publication {
    var previous: NetworkStatus
    var status: NetworkStatus
    var continuations: [AsyncStream<NetworkStatus>.Continuation]
  }
}
