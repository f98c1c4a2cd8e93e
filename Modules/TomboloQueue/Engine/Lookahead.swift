import TomboloPorts

/// A part of the ready index that is being read while groups are planned and committed.
struct Lookahead: Sendable {
  /// No two have the same.
  let number: Int
  let priority: OperationPriority
  /// What is read lies behind this one.
  let horizon: OperationID
  let limit: Int
  /// The first behind the horizon that a plan has touched since the reading began, or before and not yet committed then.
  private var touched: OperationID?

  init(number: Int, priority: OperationPriority, horizon: OperationID, limit: Int) {
    self.number = number
    self.priority = priority
    self.horizon = horizon
    self.limit = limit
  }

  /// Whether anything behind the horizon was touched.
  var isTouched: Bool { touched != nil }

  /// Notes what a plan touches, which may or may not be in what is read.
  mutating func note(_ effects: [PlanEffect]) {
    for effect in effects {
      switch effect {
      case .ready(priority, let id), .unready(priority, let id), .moved(let id, _): note(id)
      case .readySingle(let id, _) where priority == .normal: note(id)
      default: break
      }
    }
  }

  private mutating func note(_ id: OperationID) {
    guard horizon < id else { return }
    touched = min(id, touched ?? id)
  }

  /// What of these, in their order, is as it was read.
  func sound(_ found: [ReadyWindow.Entry]) -> [ReadyWindow.Entry] {
    guard let touched else { return found }
    return Array(found.prefix { $0.id < touched })
  }
}
