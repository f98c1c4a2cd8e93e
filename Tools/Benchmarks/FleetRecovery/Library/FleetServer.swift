/// One server for all: it serves one request after the other, lets a second's work wait, and refuses what comes beyond.
struct FleetServer {
  private let serviceTime: Double
  private let refusalTime: Double
  private let backlogMaximum: Double
  /// When all that was accepted is done, in microseconds.
  private var busyUntil = 0.0

  init(_ configuration: FleetConfiguration) {
    serviceTime = 1e6 / configuration.serverRate
    refusalTime = serviceTime * configuration.refusalCost
    backlogMaximum = configuration.serverBacklog / .microseconds(1)
  }

  /// When the answer leaves, and whether it is a refusal.
  mutating func request(at now: Int64) -> (answerAt: Int64, isAccepted: Bool) {
    let start = max(busyUntil, Double(now))
    if start - Double(now) > backlogMaximum {
      busyUntil = start + refusalTime
      return (now, false)
    }
    busyUntil = start + serviceTime
    return (Int64(busyUntil), true)
  }
}
