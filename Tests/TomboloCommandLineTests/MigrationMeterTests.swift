import Synchronization
import Testing
import TomboloStorage
import TomboloTesting

@testable import TomboloProgram

@Suite struct MigrationMeterTests {
  @Test("a line tells share, counts, speed and what is left")
  func line() {
    let progress = MigrationProgress(
      phase: .copying, recordCount: 600, byteCount: 3_072, recordCountTotal: 1_000, byteCountTotal: 10_240)
    let line = MigrationLine(progress: progress, elapsed: .seconds(2), recordCountBefore: 400).text
    #expect(
      line
        == "copying     [############........] 60%  600/1000 records  3.0 KiB/10.0 KiB  100 records/s  4 s left")
  }

  @Test("while the total is unknown there is no share")
  func surveying() {
    let progress = MigrationProgress(
      phase: .surveying, recordCount: 7, byteCount: 9, recordCountTotal: 0, byteCountTotal: 0)
    #expect(MigrationLine(progress: progress, elapsed: .zero).text == "surveying   7 records  9 bytes")
  }

  /// What a meter writes for a copy of 1,000 records, 50 at a time, a millisecond each.
  private func lines(isTerminal: Bool) -> [String] {
    let time = ManualTimeSource()
    let written = Mutex<[String]>([])
    let meter = MigrationMeter(time: time, isTerminal: isTerminal) { text in written.withLock { $0.append(text) } }
    for count in stride(from: 50, through: 1_000, by: 50) {
      meter.show(
        MigrationProgress(
          phase: .copying, recordCount: count, byteCount: count, recordCountTotal: 1_000, byteCountTotal: 1_000))
      time.advance(by: .milliseconds(1))
    }
    return written.withLock { $0 }
  }

  @Test("without a terminal every tenth of the whole is a line, however quick the copy is")
  func tenths() {
    let lines = lines(isTerminal: false)
    #expect(lines.count == 11, "the first chunk and ten tenths: \(lines)")
    #expect(lines.allSatisfy { $0.hasPrefix("copying") && $0.hasSuffix("\n") && !$0.contains("\r") })
    #expect(lines.last?.contains("100%") == true)
  }

  @Test("on a terminal one line is written over, ten times a second at most")
  func terminal() {
    let lines = lines(isTerminal: true)
    #expect(lines.count == 2, "\(lines)")
    #expect(lines.allSatisfy { $0.hasPrefix("\r") })
  }
}
