import TomboloPorts

extension NetworkStatusMachine {
  /// The rule of the type's documentation, without override and damping.
  func judge(at uptime: Duration) -> NetworkStatus.Condition {
    if let pathCondition { return pathCondition }
    guard let probed else {
      if !hasProbe, !isDeliveryOutdated, case .unreachable = delivery?.experience { return .limited }
      return .online
    }
    if probed.result.condition == .online || isProbeOutdated { return .online }
    return isProbeDiscredited || hasRecentAnswer(at: uptime) ? .online : probed.result.condition
  }

  /// Whether the last delivery was answered, after the probe last said online and less than an interval ago.
  private func hasRecentAnswer(at uptime: Duration) -> Bool {
    guard let delivery, delivery.experience == .answered else { return false }
    if let probedOnlineUptime, delivery.at.uptime <= probedOnlineUptime { return false }
    return uptime - delivery.at.uptime < configuration.probeInterval
  }

  /// What each source last said, the one that weighs most first.
  var evidence: [NetworkEvidence] {
    var evidence: [NetworkEvidence] = []
    if let override {
      evidence.append(
        NetworkEvidence(
          source: "override", condition: override.condition, detail: "set by hand", at: override.at.now))
    }
    let system = path.map { path, at in
      NetworkEvidence(
        source: NetworkEvidence.systemSource, condition: path.condition, detail: path.detail, at: at.now)
    }
    if let system, pathCondition != nil { evidence.append(system) }
    if let probed {
      evidence.append(
        NetworkEvidence(
          source: "probe", condition: probed.result.condition, detail: probed.result.detail, at: probed.at.now))
    }
    if let delivery {
      let (condition, detail): (NetworkStatus.Condition, String) =
        switch delivery.experience {
        case .answered: (.online, "a delivery was answered")
        case .unreachable(let reason): (.limited, reason)
        }
      evidence.append(
        NetworkEvidence(source: "delivery", condition: condition, detail: detail, at: delivery.at.now))
    }
    if let system, pathCondition == nil { evidence.append(system) }
    return evidence
  }
}
