import TomboloPorts
import TomboloStorage

/// One line that says how far a migration is.
///
///     copying    [##########..........]  50%  100000/200000 records  12.0 MiB/24.0 MiB  20000 records/s  5 s left
struct MigrationLine {
  static let barWidth = 20

  var progress: MigrationProgress
  /// Since this phase began in this run.
  var elapsed: Duration
  /// Records of this phase that an earlier run has done: they say nothing about the speed of this one.
  var recordCountBefore = 0

  var text: String {
    let name = progress.phase.rawValue
    var parts = [name + String(repeating: " ", count: max(0, 10 - name.count))]
    let total = progress.recordCountTotal
    if total > 0 {
      let percent = min(100, progress.recordCount * 100 / total)
      let filled = percent * Self.barWidth / 100
      let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.barWidth - filled)
      parts.append("[\(bar)] \(percent)%")
      parts.append("\(progress.recordCount)/\(total) records")
      parts.append("\(ByteCountWords.text(progress.byteCount))/\(ByteCountWords.text(progress.byteCountTotal))")
    } else {
      parts.append("\(progress.recordCount) records")
      parts.append(ByteCountWords.text(progress.byteCount))
    }
    if let rate {
      parts.append("\(rate) records/s")
      let left = total - progress.recordCount
      if left > 0 { parts.append("\(DurationWords.text(.seconds(left / max(1, rate)))) left") }
    }
    return parts.joined(separator: "  ")
  }

  /// `nil` while there is too little to tell.
  private var rate: Int? {
    let milliseconds = Int(elapsed.wholeMilliseconds)
    let done = progress.recordCount - recordCountBefore
    guard milliseconds >= 100, done > 0 else { return nil }
    return Int(Double(done) * 1_000 / Double(milliseconds))
  }
}
