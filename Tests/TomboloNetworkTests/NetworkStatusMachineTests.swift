import Testing
import TomboloNetwork
import TomboloPorts

@Suite struct NetworkStatusMachineTests {
  /// What happens, with the time since the step before.
  struct Step: Sendable {
    var after: Duration
    var event: NetworkStatusMachine.Event
    var expected: NetworkStatus.Condition

    static func probed(
      _ result: NetworkStatus.Condition, after: Duration = .seconds(5), _ expected: NetworkStatus.Condition
    ) -> Step {
      Step(after: after, event: .probed(ProbeResult(result, detail: "as scripted"), jitter: 0), expected: expected)
    }
    static func answered(after: Duration = .seconds(1), _ expected: NetworkStatus.Condition) -> Step {
      Step(after: after, event: .delivery(.answered), expected: expected)
    }
    static func unreachable(after: Duration = .seconds(1), _ expected: NetworkStatus.Condition) -> Step {
      Step(after: after, event: .delivery(.unreachable("refused")), expected: expected)
    }
    static func override(_ condition: NetworkStatus.Condition?, _ expected: NetworkStatus.Condition) -> Step {
      Step(after: .seconds(1), event: .override(condition), expected: expected)
    }
  }

  struct Story: Sendable, CustomTestStringConvertible {
    var sentence: String
    var hasProbe = true
    var steps: [Step]
    var testDescription: String { sentence }
  }

  static let stories = [
    Story(sentence: "a probe that fails makes it limited", steps: [.probed(.limited, .limited)]),
    Story(
      sentence: "a decision for what is so anyway is told, and so is taking it back, unless it is online",
      steps: [
        .probed(.limited, .limited), .override(.limited, .limited), .override(.limited, .limited),
        .override(nil, .limited), .probed(.online, .online), .override(.online, .online), .override(nil, .online),
      ]),
    Story(sentence: "a portal is told as one", steps: [.probed(.portal, .portal)]),
    Story(
      sentence: "the probe alone loses and recovers",
      steps: [.probed(.online, .online), .probed(.limited, .limited), .probed(.online, .online)]),
    Story(
      sentence: "an answered delivery makes it online at once, whatever the probe says",
      steps: [.probed(.limited, .limited), .answered(.online), .probed(.limited, .online)]),
    Story(
      sentence: "a probe that never said online does not hold back deliveries that work, however seldom they are",
      steps: [
        .answered(.online), .probed(.limited, .online), .probed(.limited, after: .seconds(3_600), .online),
        .answered(after: .seconds(3_600), .online), .probed(.limited, after: .seconds(3_600), .online),
      ]),
    Story(
      sentence: "a discredited probe decides again after an unreachable delivery",
      steps: [
        .probed(.limited, .limited), .answered(.online), .unreachable(.limited), .probed(.online, .online),
      ]),
    Story(
      sentence: "a discredited probe is trusted again once it said online",
      steps: [
        .probed(.limited, .limited), .answered(.online), .probed(.online, .online), .probed(.limited, .limited),
      ]),
    Story(
      sentence: "an upstream lost while idle is noticed by the next probe",
      steps: [.answered(.online), .probed(.online, .online), .probed(.limited, after: .seconds(5), .limited)]),
    Story(
      sentence: "an answer from before the probe last said online proves nothing afterwards",
      steps: [
        .probed(.online, .online), .answered(.online), .probed(.online, after: .seconds(1), .online),
        .probed(.limited, after: .seconds(1), .limited),
      ]),
    Story(
      sentence: "a fresh answer outweighs a probe that begins to fail, for one interval",
      steps: [
        .probed(.online, .online), .answered(after: .seconds(4), .online),
        .probed(.limited, after: .seconds(1), .online),
        .probed(.limited, after: .milliseconds(3_999), .online), .probed(.limited, after: .milliseconds(1), .limited),
      ]),
    Story(
      sentence: "an unreachable delivery waits for the probe's word",
      steps: [.probed(.online, .online), .unreachable(.online), .probed(.limited, after: .zero, .limited)]),
    Story(
      sentence: "an unreachable delivery takes back what an answered one proved",
      steps: [
        .probed(.online, .online), .answered(.online), .unreachable(.online), .probed(.limited, after: .zero, .limited),
      ]),
    Story(
      sentence: "without a probe experience decides", hasProbe: false,
      steps: [.answered(.online), .unreachable(.limited), .unreachable(.limited), .answered(.online)]),
    Story(
      sentence: "an override wins over everything, and leaves no trace",
      steps: [
        .override(.offline, .offline), .answered(.offline), .probed(.online, .offline), .override(.online, .online),
        .probed(.limited, .online), .override(nil, .limited),
      ]),
  ]

  private var configuration: NetworkMonitorConfiguration { NetworkMonitorConfiguration(jitter: 0.2) }

  @Test("the status follows the rule", arguments: stories)
  func rule(story: Story) {
    var clock = Clock()
    var machine = NetworkStatusMachine(configuration: configuration, hasProbe: story.hasProbe, at: clock.moment)
    #expect(machine.condition == .online, "no evidence at all means online")
    var isForced = false
    for (index, step) in story.steps.enumerated() {
      clock.advance(step.after)
      let before = machine.condition
      let changed = machine.handle(step.event, at: clock.moment)
      #expect(machine.condition == step.expected, "step \(index)")
      let wasForced = isForced
      if case .override(let condition) = step.event { isForced = condition != nil }
      // Whether a person decides is news as well, where it says whether anything is tried.
      let isNews = before != step.expected || wasForced != isForced && step.expected != .online
      #expect(changed == isNews, "step \(index)")
    }
  }

  @Test("a status tells since when it is so and what each source last said")
  func evidence() {
    var clock = Clock()
    var machine = NetworkStatusMachine(configuration: configuration, hasProbe: true, at: clock.moment)
    let start = clock.moment.now
    #expect(machine.status == NetworkStatus(.online, since: start))

    clock.advance(.seconds(1))
    _ = machine.handle(.probed(ProbeResult(.limited, detail: "refused"), jitter: 0), at: clock.moment)
    let lost = clock.moment.now
    clock.advance(.seconds(1))
    _ = machine.handle(.delivery(.unreachable("reset")), at: clock.moment)

    #expect(
      machine.status
        == NetworkStatus(
          .limited, since: lost,
          evidence: [
            NetworkEvidence(source: "probe", condition: .limited, detail: "refused", at: lost),
            NetworkEvidence(source: "delivery", condition: .limited, detail: "reset", at: clock.moment.now),
          ]))
  }

  /// A pair of clocks for tests.
  struct Clock {
    private(set) var moment = NetworkStatusMachine.Moment(
      uptime: .seconds(100), now: Timestamp(millisecondsSinceEpoch: 1_790_000_000_000))

    mutating func advance(_ duration: Duration) {
      moment.uptime += duration
      moment.now = moment.now.advanced(by: duration)
    }
  }
}
