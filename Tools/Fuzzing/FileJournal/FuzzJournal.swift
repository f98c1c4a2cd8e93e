@testable import FileStorage
import TomboloPorts
import TomboloStorage

/// Where a frame of the fuzzed segment is; fixed, so that inputs stay meaningful.
private let header = SegmentHeader(number: 1, salt: 7, firstSequence: 1, epoch: 1, front: 1)

/// Reads everything that the journal reader makes of `bytes`, and checks that it stays within them.
private func read(_ bytes: [UInt8]) {
  let salvage = SegmentSalvage(bytes, number: 1, salt: 7)
  for frame in salvage.frames {
    precondition(frame.offset + frame.header.frameByteCount <= bytes.count, "a frame ends within the file")
    for case let value? in frame.entries.map(\.value) {
      precondition(frame.valuesOffset + value.offset + value.byteCount <= bytes.count, "a value ends within the file")
    }
  }
  for gap in salvage.gaps { precondition(gap.offset + gap.byteCount <= bytes.count, "a gap ends within the file") }
  do {
    var scan = try SegmentScan(bytes)
    var end = scan.end
    while scan.next() != nil {
      precondition(scan.end > end, "every frame brings the reader on")
      end = scan.end
    }
    precondition(scan.end <= max(bytes.count, SegmentHeader.byteCount), "the end is within the file")
  } catch {
    return
  }
}

/// A frame around the input whose checksums are right, so that the lengths and marks behind them are tried.
private func frame(_ input: [UInt8]) -> [UInt8] {
  var bytes = header.encoded()
  let start = bytes.count
  let entries = Array(input.dropFirst(9))
  bytes.append(contentsOf: repeatElement(0, count: FrameHeader.byteCount))
  bytes.append(contentsOf: entries)
  let claimed = Int(input.little(UInt32.self, at: 1)) % (entries.count + 16)
  let frame = FrameHeader(
    kind: FrameHeader.Kind(rawValue: UInt32(input[5] % 4)) ?? .batch, sequence: UInt64(input[6] % 3),
    durableByteCount: UInt64(input[7]), entriesByteCount: claimed,
    valuesByteCount: input[8] == 0xFF ? Int(input.little(UInt32.self, at: 1)) : max(0, entries.count - claimed),
    entriesChecksum: CRC32C.checksum(entries.prefix(claimed)))
  frame.encode(into: &bytes, at: start, place: FramePlace(salt: 7, number: 1, offset: start))
  return bytes
}

/// What a round trip must keep: a batch that is encoded is read as it was.
private func roundTrip(_ input: [UInt8]) {
  var changes: [JournalChange] = []
  var rest = input[...]
  while let length = rest.popFirst(), let kind = rest.popFirst() {
    let key = Key(Array(rest.prefix(Int(length))))
    rest = rest.dropFirst(Int(length))
    let value = kind % 3 == 0 ? nil : Array(rest.prefix(Int(kind)))
    changes.append(JournalChange(key: key, value: value, revision: Revision(rawValue: UInt64(kind) << 40)))
  }
  var encoder = FrameEncoder(salt: 7, number: 1, base: 64, durableByteCount: 64, nextSequence: 1)
  _ = encoder.append(.batch, changes)
  precondition(encoder.bytes.count == FrameEncoder.byteCount(of: changes) || changes.contains { $0.value == nil })
  let bytes = header.encoded() + encoder.bytes
  let salvage = SegmentSalvage(bytes, number: 1, salt: nil)
  precondition(salvage.gaps.isEmpty && salvage.frames.count == 1, "what was written is read")
  for (entry, change) in zip(salvage.frames[0].entries, changes) {
    precondition(entry.key == change.key && (entry.value == nil) == (change.value == nil))
    guard let place = entry.value else { continue }
    let start = salvage.frames[0].valuesOffset + place.offset
    precondition(Array(bytes[start..<start + place.byteCount]) == change.value)
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJournal(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let mode = input.first else { return 0 }
  switch mode % 5 {
  case 0: read(Array(input.dropFirst()))
  case 1: read(header.encoded() + input.dropFirst())
  case 2: if input.count >= 9 { read(frame(input)) }
  case 3: roundTrip(Array(input.dropFirst()))
  default:
    _ = Acknowledgement(Array(input.dropFirst()))
    _ = FrameEntry.decoded(input, in: 1..<input.count, valuesByteCount: Int(input.last ?? 0) << 8)
  }
  return 0
}
