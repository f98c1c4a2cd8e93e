/// How far a long delivery has come.
public struct DeliveryProgress: Hashable, Sendable {
  /// What is done, in whatever the handler counts: bytes, rows, parts.
  public var completedCount: Int
  /// Of how many; `nil` when that is not known.
  public var totalCount: Int?
  /// For a person, in a few words. No payload and no secret.
  public var detail: String?

  public init(completedCount: Int, totalCount: Int? = nil, detail: String? = nil) {
    self.completedCount = completedCount
    self.totalCount = totalCount
    self.detail = detail
  }
}

extension DeliveryProgress: CustomStringConvertible {
  public var description: String {
    let count = totalCount.map { "\(completedCount) of \($0)" } ?? "\(completedCount)"
    return detail.map { "\(count), \($0)" } ?? count
  }
}

/// Where a handler's reports of progress go.
///
/// Two are equal when they are the same object, so that an attempt remains a value that can be compared.
public final class ProgressReporter: Sendable {
  private let receive: @Sendable (DeliveryProgress) -> Void

  public init(_ receive: @escaping @Sendable (DeliveryProgress) -> Void) {
    self.receive = receive
  }

  func report(_ progress: DeliveryProgress) { receive(progress) }
}

extension ProgressReporter: Hashable {
  public static func == (left: ProgressReporter, right: ProgressReporter) -> Bool { left === right }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
