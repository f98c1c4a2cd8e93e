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
}
