/// What the demo's person does, one operation at a time.
struct DemoOperation: Hashable, Sendable {
  var kind: String
  /// The name of its priority.
  var priority: String
  var orderingKey: String?

  /// The operation of this number. The same number gives the same operation: kinds and priorities take turns, users do so
  /// at another rhythm, so that every user meets every kind.
  static func numbered(_ number: Int) -> DemoOperation {
    let user = "user/\(number * 5 % 8 + 1)"
    switch number % 12 {
    case 3, 9: return DemoOperation(kind: payment, priority: "critical", orderingKey: "account/\(number / 6 % 4 + 1)")
    case 0, 5, 8: return DemoOperation(kind: message, priority: "high", orderingKey: user)
    case 1, 7: return DemoOperation(kind: profile, priority: "normal", orderingKey: user)
    case 4, 10: return DemoOperation(kind: photo, priority: "low", orderingKey: user)
    default: return DemoOperation(kind: "analytics.track", priority: "background")
    }
  }

  /// The one that the upstream refuses for good, in the middle of a user's other operations.
  static let refused = DemoOperation(kind: "profile.rename", priority: "normal", orderingKey: "user/3")

  static let payment = "payments.capture"
  static let message = "messages.send"
  static let profile = "profile.update"
  static let photo = "photos.upload"
}
