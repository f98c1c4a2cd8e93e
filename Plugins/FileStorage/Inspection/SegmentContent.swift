import TomboloPorts

/// What can be read of a segment's file, with zeroes where the disk gives nothing.
struct SegmentContent {
  /// As much as is lost around a place that cannot be read.
  private static let pieceByteCount = 4_096

  private(set) var bytes: [UInt8]
  private(set) var unreadable: [(range: Range<Int>, reason: String)] = []

  /// - Throws: `StoreError` when not even the length can be known.
  init(of file: OpenFile) throws(StoreError) {
    let byteCount = try file.byteCount()
    do throws(StoreError) {
      bytes = try file.read(byteCount, at: 0)
      return
    } catch {
      bytes = []
      bytes.reserveCapacity(byteCount)
    }
    while bytes.count < byteCount {
      let start = bytes.count
      let count = min(Self.pieceByteCount, byteCount - start)
      do throws(StoreError) {
        let piece = try file.read(count, at: start)
        guard !piece.isEmpty else { return }
        bytes += piece
      } catch {
        bytes.append(contentsOf: repeatElement(0, count: count))
        note(start..<start + count, error.message)
      }
    }
  }

  private mutating func note(_ range: Range<Int>, _ reason: String) {
    if let last = unreadable.last, last.range.upperBound == range.lowerBound {
      unreadable[unreadable.count - 1].range = last.range.lowerBound..<range.upperBound
    } else {
      unreadable.append((range, reason))
    }
  }
}
