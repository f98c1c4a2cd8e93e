private import Synchronization

/// How many retries a dependency gets, as a share of its calls.
///
/// Every first attempt pays `ratio` into an account and every retry takes 1 out, so that an outage multiplies calls by no
/// more than `1 + ratio` in the long run; `perSecondMinimum` lets a quiet client retry at all. This is the idea of Finagle's
/// `RetryBudget`. A retry takes its share *before* it waits for its backoff: a retry asleep is a call to come.
public struct RetryBudget: Hashable, Sendable {
  /// The state is kept under this name: one for each dependency.
  public let name: String
  /// Retries for each first attempt, in the long run.
  public let ratio: Double
  /// Retries a second that are there in any case.
  public let perSecondMinimum: Double
  /// The most retries that can be saved up.
  public let savedMaximum: Double

  /// The defaults allow one retry for five calls, ten a second in any case, and at most a hundred at once.
  public init(_ name: String, ratio: Double = 0.2, perSecondMinimum: Double = 10, savedMaximum: Double = 100) {
    self.name = name
    self.ratio = ratio.isFinite ? min(1_000, max(0, ratio)) : 0.2
    self.perSecondMinimum = perSecondMinimum.isFinite ? min(1e6, max(0, perSecondMinimum)) : 10
    self.savedMaximum = savedMaximum.isFinite ? min(1e6, max(1, savedMaximum)) : 100
  }
}

/// The account of a retry budget, without lock and clock.
package struct RetryBudgetAccount: Sendable {
  let budget: RetryBudget
  /// Retries that may be made now; below nothing when some were promised for later.
  package private(set) var balance: Double
  private var updatedAt = Duration.zero

  /// The account begins with what one second gives, at least one retry unless nothing ever comes by itself.
  package init(_ budget: RetryBudget) {
    self.budget = budget
    balance = min(budget.savedMaximum, budget.perSecondMinimum)
  }

  /// A first attempt was made.
  package mutating func deposit() {
    balance = min(budget.savedMaximum, balance + budget.ratio)
  }

  /// Takes one retry, if it is there.
  package mutating func withdraw(at now: Duration) -> Bool {
    settle(at: now)
    // Ten deposits of a tenth make one, whatever floating point says.
    guard balance >= 1 - 1e-9 else { return false }
    balance = max(0, balance - 1)
    return true
  }

  /// Retries that could be made at `now`.
  package func balance(at now: Duration) -> Double {
    guard now > updatedAt else { return balance }
    let passed = now - updatedAt
    let seconds = Double(passed.components.seconds) + Double(passed.components.attoseconds) / 1e18
    return min(budget.savedMaximum, balance + seconds * budget.perSecondMinimum)
  }

  /// Adds what time gave until `now`.
  mutating func settle(at now: Duration) {
    balance = balance(at: now)
    updatedAt = max(updatedAt, now)
  }

  /// Takes one, whether it is there or not.
  mutating func spend() { balance -= 1 }

  /// A retry was taken and then not made, because its caller left.
  package mutating func giveBack() {
    balance = min(budget.savedMaximum, balance + 1)
  }
}

/// A budget that many calls share.
@usableFromInline
package final class SharedRetryBudget: Sendable {
  private let account: Mutex<RetryBudgetAccount>
  package init(_ budget: RetryBudget) { account = Mutex(RetryBudgetAccount(budget)) }
  @usableFromInline
  package func deposit() { account.withLock { $0.deposit() } }
  package func withdraw(at now: Duration) -> Bool { account.withLock { $0.withdraw(at: now) } }
  package func giveBack() { account.withLock { $0.giveBack() } }
  /// Retries that may be made now.
  package func balance(at now: Duration) -> Double { account.withLock { $0.balance(at: now) } }
}

extension ResilienceEnvironment {
  /// The budget of this name, if there is one.
  package func existingRetryBudget(_ name: String) -> SharedRetryBudget? {
    states.existing("retryBudget", name, as: SharedRetryBudget.self)
  }

  /// The budget of this name that every retry of the environment shares, made when there is none yet.
  package func retryBudget(_ budget: RetryBudget) -> SharedRetryBudget {
    states.state("retryBudget", budget.name, budget) { SharedRetryBudget(budget) }
  }
}
