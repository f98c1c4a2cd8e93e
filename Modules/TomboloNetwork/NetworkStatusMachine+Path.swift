import TomboloPorts

extension NetworkStatusMachine {
  /// How long a probe of another machine is left alone while there is no way out.
  ///
  /// What is sent without a carrier is not merely lost. The kernel begins to ask for the neighbour's hardware address, three
  /// times a second apart (net/core/neighbour.c), and whatever is sent once the cable is in again waits for the next of these
  /// questions. A probe that goes on while the cable is out so makes the first delivery afterwards up to a second late. Nothing is
  /// lost without it, since the system tells when there is a way again; and should the system be wrong, a probe every minute
  /// finds that out.
  static let probeDelayWithoutWay = Duration.seconds(60)

  /// So much later than a way is there, and used, the system may tell of it: the kernel takes a second to tell of a new link.
  static let newsDelayMaximum = Duration.seconds(2)

  /// Until when the probe is left alone; `nil` when nothing speaks against it. The very first probe is always
  /// asked, and one that a person waits for.
  func quietUntil(isProbeLocal: Bool) -> Duration? {
    guard !isProbeLocal, !isProbeDemanded, let path, path.path.reach == .none, pathCondition != nil, let lastProbeUptime
    else {
      return nil
    }
    return max(path.at.uptime, lastProbeUptime) + Self.probeDelayWithoutWay
  }

  /// When the probe was last asked, or answered.
  private var lastProbeUptime: Duration? {
    [probed?.at.uptime, probeStartUptime].compactMap { $0 }.max()
  }

  /// What the system's word makes of the status; `nil` when it has none, sees a way out, or has been shown to be wrong.
  var pathCondition: NetworkStatus.Condition? {
    guard let path, path.path.reach != .routed else { return nil }
    if let sufficientReach, sufficientReach.rank <= path.path.reach.rank { return nil }
    return path.path.condition
  }

  /// Takes in a new state of the ways out, and has the probe asked when they differ: at once, but no sooner after the
  /// last probe than the shortest delay, so that a cable with a loose contact is no reason to probe without end. Tells
  /// whether they differ.
  mutating func takePath(_ next: NetworkPath, at moment: Moment) -> Bool {
    let previous = path
    let isSameReach = previous?.path.reach == next.reach
    path = (next, isSameReach ? previous?.at ?? moment : moment)
    guard let previous else { return false }
    if next.reach.rank < previous.path.reach.rank {
      reachLostUptime = moment.uptime
    } else if !isSameReach, moment.uptime - sufficientReachUptime < Self.newsDelayMaximum {
      // What seemed to be enough was a way that the system had not told of yet.
      sufficientReach = nil
    }
    if !isSameReach, next.reach == .routed {
      isDeliveryOutdated = true
      isProbeOutdated = isProbedWithoutWay
    }
    guard !isSameReach || previous.path.waysOut != next.waysOut else { return false }
    let soonest = max(
      moment.uptime, lastProbeUptime.map { $0 + configuration.probeDelayMinimum } ?? moment.uptime)
    // One that is due already is under way, over the way that is gone.
    nextProbeUptime = nextProbeUptime <= moment.uptime ? soonest : min(nextProbeUptime, soonest)
    probeDelay = configuration.probeDelayMinimum
    return true
  }

  /// Whether an answer may be that of a delivery which went out before the way was lost: it proves nothing about what is now.
  func isLateAnswer(at uptime: Duration) -> Bool {
    guard pathCondition != nil, let reachLostUptime else { return false }
    return uptime - reachLostUptime < .seconds(1)
  }

  /// The same for a probe: its question went out before, and it is given up a moment too late.
  func isLateProbe(at uptime: Duration) -> Bool {
    guard let probeStartUptime, let reachLostUptime, probeStartUptime < reachLostUptime else { return false }
    return isLateAnswer(at: uptime)
  }

  /// Learns from an answer, or its absence, how far one must reach to get to the upstream.
  mutating func learnReach(isSuccess: Bool, at uptime: Duration) {
    guard let reach = path?.path.reach, reach != .routed else { return }
    if isSuccess {
      if reach.rank < sufficientReach?.rank ?? .max { (sufficientReach, sufficientReachUptime) = (reach, uptime) }
    } else {
      sufficientReach = nil
    }
  }
}

extension NetworkPath {
  /// What it would make of the status alone.
  var condition: NetworkStatus.Condition {
    switch reach {
    case .none: .offline
    case .local: .limited
    case .routed: .online
    }
  }

  /// The interfaces a default route leads over.
  var waysOut: [NetworkInterface] { interfaces.filter(\.carriesDefaultRoute) }

  /// In words for a person: `default route over eth0`.
  var detail: String {
    switch reach {
    case .none: "no interface is up with an address"
    case .local: "no default route; up with an address: \(names { $0.hasIPv4 || $0.hasIPv6 })"
    case .routed: "default route over \(names { $0.carriesDefaultRoute })"
    }
  }

  private func names(_ isWanted: (NetworkInterface) -> Bool) -> String {
    let names = interfaces.filter(isWanted).map(\.name)
    let rest = names.count > 4 ? " and \(names.count - 4) more" : ""
    return names.prefix(4).joined(separator: ", ") + rest
  }
}

extension NetworkPath.Reach {
  /// Grows with the reach.
  var rank: Int {
    switch self {
    case .none: 0
    case .local: 1
    case .routed: 2
    }
  }
}
