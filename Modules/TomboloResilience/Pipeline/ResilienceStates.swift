private import Synchronization

/// The state of policies, kept by name: breakers, limiters, bulkheads and budgets outlive the pipelines that use them.
///
/// The first to ask for a name makes the state with its configuration; later ones get the same object. A state whose
/// configuration changed is made anew, because a window of ten calls says nothing in a window of a hundred. Names come from
/// configuration, not from calls: nothing here is ever evicted, so do not put a user's identifier into a name.
public final class ResilienceStates: Sendable {
  private struct Entry {
    var configuration: any Hashable & Sendable
    var state: any AnyObject & Sendable
  }

  private let entries = Mutex<[String: Entry]>([:])

  /// No states yet.
  public init() {}

  /// The state of this kind and name, made when it is not there yet or was made with another configuration.
  public func state<State: AnyObject & Sendable, Configuration: Hashable & Sendable>(
    _ kind: String, _ name: String, _ configuration: Configuration, make: () -> State
  ) -> State {
    entries.withLock { entries in
      let key = "\(kind)/\(name)"
      if let entry = entries[key], let known = entry.configuration as? Configuration, known == configuration,
        let state = entry.state as? State
      {
        return state
      }
      let state = make()
      entries[key] = Entry(configuration: configuration, state: state)
      return state
    }
  }

  /// The state of this kind and name, if there is one: to look at a breaker or to isolate it by hand.
  public func existing<State: AnyObject & Sendable>(_ kind: String, _ name: String, as type: State.Type) -> State? {
    entries.withLock { $0["\(kind)/\(name)"]?.state as? State }
  }
}
