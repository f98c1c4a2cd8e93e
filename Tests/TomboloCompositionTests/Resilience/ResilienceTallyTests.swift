import Logging
import Testing
import TomboloResilience

@testable import TomboloComposition

@Suite struct ResilienceTallyTests {
  @Test("however many policies reloads name, it remembers a limited number of them")
  func bounded() {
    let tally = ResilienceTally(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    for number in 0..<3 * ResilienceTally.countMaximum {
      tally.budgetRefused("list \(number)")
      #expect(tally.count <= ResilienceTally.countMaximum)
    }
    let last = "list \(3 * ResilienceTally.countMaximum - 1)"
    #expect(tally.counts(last, ResilienceOptions.retryBudget).budgetRefusals == 1)
  }
}
