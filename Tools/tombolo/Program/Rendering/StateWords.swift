/// States of operations, for people.
enum StateWords {
  /// `dead-lettered` for `deadLettered`, the others as they are.
  static func text(_ state: String) -> String {
    state == "deadLettered" ? "dead-lettered" : state
  }
}
