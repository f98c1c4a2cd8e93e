import TomboloPorts
import TomboloStorage

/// Builds the frames of one write in one buffer.
struct FrameEncoder {
  /// Where in the segment a value will be, and its checksum; zero for a delete.
  typealias ValuePlace = (offset: Int, checksum: UInt32)

  private(set) var bytes: [UInt8] = []
  private let salt: UInt64
  private let number: UInt64
  /// Where in the segment the buffer will be written.
  private let base: Int
  private let durableByteCount: Int
  /// The sequence number of the next frame.
  private(set) var nextSequence: UInt64

  init(salt: UInt64, number: UInt64, base: Int, durableByteCount: Int, nextSequence: UInt64) {
    self.salt = salt
    self.number = number
    self.base = base
    self.durableByteCount = durableByteCount
    self.nextSequence = nextSequence
  }

  /// Makes room for frames of `byteCount` bytes in all.
  mutating func reserveCapacity(_ byteCount: Int) { bytes.reserveCapacity(byteCount) }

  /// How long a frame of these changes is.
  static func byteCount(of changes: [JournalChange]) -> Int {
    // In place, here and below: a copy of a change counts references to its key and its value.
    let parts = changes.withUnsafeBufferPointer { changes in
      var sum = 0
      for index in changes.indices {
        sum += FrameEntry.overheadByteCount + changes[index].key.bytes.count + (changes[index].value?.count ?? 0)
      }
      return sum
    }
    return FrameHeader.aligned(FrameHeader.byteCount + parts)
  }

  /// Appends a frame and answers with where its values will be.
  mutating func append(_ kind: FrameHeader.Kind, _ changes: [JournalChange]) -> [ValuePlace] {
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: FrameHeader.byteCount))
    var places: [ValuePlace] = []
    places.reserveCapacity(changes.count)
    let entriesEnd = changes.withUnsafeBufferPointer { changes in
      for index in changes.indices {
        let part = changes[index].value?.withUnsafeBufferPointer { ($0.count, CRC32C.checksum(buffer: $0)) }
        if let (byteCount, checksum) = part {
          places.append((0, checksum))
          FrameEntry.append(
            put: changes[index].key, revision: changes[index].revision, valueByteCount: byteCount, checksum: checksum,
            to: &bytes)
        } else {
          places.append((0, 0))
          FrameEntry.append(delete: changes[index].key, to: &bytes)
        }
      }
      let entriesEnd = bytes.count
      for index in changes.indices {
        places[index].offset = base + bytes.count
        changes[index].value?.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
      }
      return entriesEnd
    }
    finish(kind, start: start, entriesEnd: entriesEnd)
    return places
  }

  /// Appends a frame that says which epoch it is and which segment is the oldest that counts.
  mutating func append(_ mark: JournalMark) {
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: FrameHeader.byteCount))
    bytes.append(little: mark.epoch)
    bytes.append(little: mark.front)
    finish(.mark, start: start, entriesEnd: bytes.count)
  }

  private mutating func finish(_ kind: FrameHeader.Kind, start: Int, entriesEnd: Int) {
    let header = FrameHeader(
      kind: kind, sequence: nextSequence, durableByteCount: UInt64(durableByteCount),
      entriesByteCount: entriesEnd - start - FrameHeader.byteCount, valuesByteCount: bytes.count - entriesEnd,
      entriesChecksum: CRC32C.checksum(bytes[start + FrameHeader.byteCount..<entriesEnd]))
    header.encode(into: &bytes, at: start, place: FramePlace(salt: salt, number: number, offset: base + start))
    bytes.append(contentsOf: repeatElement(0, count: start + header.frameByteCount - bytes.count))
    nextSequence += 1
  }
}

/// A change that is on its way into the journal.
struct JournalChange {
  var key: Key
  /// `nil` for a delete.
  var value: [UInt8]?
  var revision: Revision
}

/// Which opening of the store wrote what follows, and the oldest segment that still counts.
struct JournalMark: Hashable, Sendable {
  var epoch: UInt64
  var front: UInt64
}
