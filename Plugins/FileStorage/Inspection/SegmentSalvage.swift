import TomboloPorts
import TomboloStorage

/// Reads what is intact in a segment, whatever is damaged before, between or behind. Pure: bytes in, frames and gaps out.
struct SegmentSalvage {
  /// Bytes that hold no intact frame and are not all zero.
  struct Gap: Hashable, Sendable {
    var offset: Int
    var byteCount: Int
    var reason: String
    /// The records it was about, as far as their keys can be read.
    var keys: [Key] = []
  }

  private(set) var frames: [SegmentScan.Frame] = []
  private(set) var gaps: [Gap] = []
  let scan: SegmentScan

  /// - Parameter salt: Of the store, for a segment whose own header is damaged; `nil` when it is not known.
  init(_ content: SegmentContent, number: UInt64, salt: UInt64?) {
    self.init(content.bytes, number: number, salt: salt)
    for (range, reason) in content.unreadable {
      gaps.append(Gap(offset: range.lowerBound, byteCount: range.count, reason: reason))
    }
    gaps.sort { $0.offset < $1.offset }
  }

  /// A segment whose file cannot be opened.
  init(unopened number: UInt64, _ reason: String) {
    gaps = [Gap(offset: 0, byteCount: 0, reason: reason)]
    scan = SegmentScan(
      [], header: SegmentHeader(number: number, salt: 0, firstSequence: 0, epoch: 0, front: 0), from: 0, nextSequence: 0
    )
  }

  /// - Parameter salt: As above.
  init(_ bytes: [UInt8], number: UInt64, salt: UInt64?) {
    var scan: SegmentScan
    do {
      scan = try SegmentScan(bytes)
    } catch {
      gaps.append(Gap(offset: 0, byteCount: min(bytes.count, SegmentHeader.byteCount), reason: error.reason))
      let header = SegmentHeader(number: number, salt: salt ?? 0, firstSequence: 0, epoch: 0, front: 0)
      scan = SegmentScan(bytes, header: header, from: SegmentHeader.byteCount, nextSequence: 0)
      if let first = scan.frame(behind: SegmentHeader.byteCount - 1, where: { _ in true }) {
        Self.note(from: SegmentHeader.byteCount, to: first.offset, error.reason, bytes, &gaps)
        scan = SegmentScan(bytes, header: header, from: first.offset, nextSequence: first.header.sequence)
      }
    }
    while true {
      while let frame = scan.next() { frames.append(frame) }
      let reason = scan.flaw?.reason ?? "something follows the end"
      guard let next = scan.frame(behind: scan.end, where: { _ in true }) else {
        let keys = scan.listedKeys(in: min(scan.end, bytes.count)..<bytes.count)
        Self.note(from: scan.end, to: bytes.count, reason, bytes, &gaps, keys)
        break
      }
      gaps.append(
        Gap(
          offset: scan.end, byteCount: next.offset - scan.end, reason: reason,
          keys: scan.listedKeys(in: scan.end..<next.offset)))
      scan = SegmentScan(bytes, header: scan.header, from: next.offset, nextSequence: next.header.sequence)
    }
    self.scan = scan
  }

  private static func note(
    from start: Int, to end: Int, _ reason: String, _ bytes: [UInt8], _ gaps: inout [Gap], _ keys: [Key] = []
  ) {
    guard start < end, !bytes.isZero(in: start..<end) else { return }
    gaps.append(Gap(offset: start, byteCount: end - start, reason: reason, keys: keys))
  }
}
