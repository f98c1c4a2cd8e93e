import TomboloQueue
import TomboloTesting

/// Runs a fleet through the minutes after an outage, in virtual time: the same seed gives the same result.
public struct FleetSimulation {
  private enum Event {
    case wake(device: Int)
    case arrival(device: Int, FleetDevice.Call)
    case answer(device: Int, FleetDevice.Call, isAccepted: Bool)
  }

  private let configuration: FleetConfiguration
  private var random: SeededGenerator
  private var server: FleetServer
  private var devices: [FleetDevice] = []
  private var events = EventQueue<Event>()
  private var result = FleetResult()

  public static func run(_ configuration: FleetConfiguration) -> FleetResult {
    var simulation = FleetSimulation(configuration)
    return simulation.run()
  }

  private init(_ configuration: FleetConfiguration) {
    self.configuration = configuration
    random = SeededGenerator(seed: configuration.seed)
    server = FleetServer(configuration)
  }

  private mutating func run() -> FleetResult {
    for device in 0..<configuration.deviceCount {
      devices.append(FleetDevice(configuration, random: &random))
      // No two devices learn of the network in the same microsecond.
      events.add(.wake(device: device), at: Int64.random(in: 0..<100_000, using: &random))
    }
    let end = microseconds(configuration.timeMaximum)
    let oneWay = microseconds(configuration.roundTrip) / 2
    let total = configuration.deviceCount * configuration.operationCount
    while let (now, event) = events.next(), now <= end, result.deliveredCount < total {
      switch event {
      case .wake(let device):
        start(device, at: now, oneWay)
      case .arrival(let device, let call):
        let second = Int(now / 1_000_000)
        while result.requestsPerSecond.count <= second { result.requestsPerSecond.append(0) }
        result.requestsPerSecond[second] += 1
        let (answerAt, isAccepted) = server.request(at: now)
        if !isAccepted { result.refusedCount += 1 }
        events.add(.answer(device: device, call, isAccepted: isAccepted), at: answerAt + oneWay)
      case .answer(let device, let call, let isAccepted):
        if isAccepted { result.deliveredCount += 1 }
        if result.deliveredCount * 2 >= total, result.halfTime == nil { result.halfTime = .microseconds(now) }
        if result.deliveredCount == total { result.drainTime = .microseconds(now) }
        devices[device].answered(call, isAccepted: isAccepted, at: now, random: &random)
        start(device, at: now, oneWay)
      }
    }
    return result
  }

  private mutating func start(_ device: Int, at now: Int64, _ oneWay: Int64) {
    let (calls, wakeAt) = devices[device].start(at: now)
    for call in calls { events.add(.arrival(device: device, call), at: now + oneWay) }
    if let wakeAt { events.add(.wake(device: device), at: wakeAt) }
  }

  private func microseconds(_ duration: Duration) -> Int64 { Int64(duration / .microseconds(1)) }
}
