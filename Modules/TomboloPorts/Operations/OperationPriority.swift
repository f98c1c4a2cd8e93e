/// How urgent an operation is. Lower raw values are more urgent and sort first.
public enum OperationPriority: UInt8, Hashable, Sendable, CaseIterable {
  case critical = 0
  case high = 1
  case normal = 2
  case low = 3
  case background = 4

  /// Reads the name as it is written in config files, on the command line and over HTTP.
  public init?(name: some StringProtocol) {
    guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }

  public var name: String {
    switch self {
    case .critical: "critical"
    case .high: "high"
    case .normal: "normal"
    case .low: "low"
    case .background: "background"
    }
  }
}

extension OperationPriority: Comparable {
  /// The more urgent priority is the smaller one.
  public static func < (left: OperationPriority, right: OperationPriority) -> Bool {
    left.rawValue < right.rawValue
  }
}
