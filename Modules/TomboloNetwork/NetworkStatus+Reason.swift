import TomboloPorts

extension NetworkStatus {
  /// Why it is so, in words for the log: the weightiest evidence that says the same.
  var reason: String {
    evidence.reason(for: condition)
  }
}

extension UpstreamStatus {
  /// Why it is so, in words for the log.
  var reason: String { evidence.reason(for: condition) }
}

extension [NetworkEvidence] {
  fileprivate func reason(for condition: NetworkStatus.Condition) -> String {
    if let deciding = first(where: { $0.condition == condition }) {
      return "\(deciding.source): \(deciding.detail)"
    }
    return condition == .online
      ? "nothing says otherwise" : "it came and went too often; its recovery is held for a while"
  }
}
