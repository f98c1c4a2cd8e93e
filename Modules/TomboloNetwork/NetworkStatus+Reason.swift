import TomboloPorts

extension NetworkStatus {
  /// Why it is so, in words for the log: the weightiest evidence that says the same.
  var reason: String {
    if let deciding = evidence.first(where: { $0.condition == condition }) {
      return "\(deciding.source): \(deciding.detail)"
    }
    return isOnline ? "nothing says otherwise" : "it came and went too often; its recovery is held for a while"
  }
}
