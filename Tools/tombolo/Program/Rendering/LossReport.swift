import TomboloPorts

/// What could not be read of a damaged store, as lines for people.
struct LossReport {
  /// Of the keys of one part, and of the parts, so that a store full of damage does not fill a terminal.
  static let keyCountMaximum = 8
  static let lossCountMaximum = 1_000

  var losses: [RepairReport.Loss]

  init(_ losses: [RepairReport.Loss]) { self.losses = losses }

  var lines: [String] {
    guard !losses.isEmpty else { return ["nothing was lost: no damage was found"] }
    let shown = losses.prefix(Self.lossCountMaximum).map(line)
    let rest = losses.count - shown.count
    return rest == 0 ? shown : shown + ["and \(rest) parts more"]
  }

  private func line(_ loss: RepairReport.Loss) -> String {
    let place = loss.byteCount == 0 ? loss.path : "\(loss.path): \(loss.byteCount) bytes at offset \(loss.offset)"
    guard !loss.keys.isEmpty else { return "lost: \(place): \(loss.reason)" }
    let keys = loss.keys.prefix(Self.keyCountMaximum).map(\.description).joined(separator: ", ")
    let rest = loss.keys.count - Self.keyCountMaximum
    return "lost: \(place): \(loss.reason); it was about \(keys)\(rest > 0 ? " and \(rest) keys more" : "")"
  }
}
