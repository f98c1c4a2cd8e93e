import Testing
import TomboloResilience

@Suite("RetryBudget")
struct RetryBudgetTests {
  @Test("Ten calls at a ratio of a tenth pay for one retry")
  func ratio() {
    var account = RetryBudgetAccount(RetryBudget("b", ratio: 0.1, perSecondMinimum: 0))
    for _ in 0..<9 { account.deposit() }
    let tooEarly = account.withdraw(at: .zero)
    account.deposit()
    let first = account.withdraw(at: .zero)
    let second = account.withdraw(at: .zero)
    #expect([tooEarly, first, second] == [false, true, false])
  }

  @Test("The minimum comes with time, and no more than the maximum is saved")
  func minimum() {
    var account = RetryBudgetAccount(RetryBudget("b", ratio: 0, perSecondMinimum: 2, savedMaximum: 5))
    var taken = 0
    while account.withdraw(at: .zero) { taken += 1 }
    #expect(taken == 2)
    while account.withdraw(at: .seconds(1)) { taken += 1 }
    #expect(taken == 4)
    while account.withdraw(at: .seconds(1_000_000)) { taken += 1 }
    #expect(taken == 9)
  }

  @Test("In an outage calls multiply by no more than one plus the ratio")
  func outage() {
    var account = RetryBudgetAccount(RetryBudget("b", ratio: 0.2, perSecondMinimum: 0))
    var retries = 0
    for _ in 0..<10_000 {
      account.deposit()
      for _ in 0..<2 where account.withdraw(at: .zero) { retries += 1 }
    }
    #expect((1_990...2_000).contains(retries))
  }
}
