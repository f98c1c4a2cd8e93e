package import TomboloPorts

/// Writes the same bytes as `RecordEncoder` for a record that ends with its longest field, its fields before that at once.
///
///     let record = RecordWriter.record(version: 1, endingWith: operation.payload, byteCount: 40) { record in
///       record.append(operation.kind)
///     }
///
/// An array that grows field by field is looked at again with each byte, whether it is the only reference and has room: half of
/// the instructions of a short record.
///
/// Safety: what does not fit into `room` is left out, and the record made again; `room` is lent for as long as the writer is.
package struct RecordWriter: ~Copyable {
  private let room: UnsafeMutableBufferPointer<UInt8>
  private var count = 0
  /// Whether something did not fit, and was left out with all that followed.
  private var isFull = false

  private init(_ room: UnsafeMutableBufferPointer<UInt8>) { self.room = room }

  /// The finished record, checksum included.
  ///
  /// - Parameters:
  ///   - last: the field behind those that `fill` appends.
  ///   - byteCount: how long the others will be, roughly.
  ///   - fill: appends the others. Where they do not fit it is called again, with twice the room.
  package static func record(
    version: UInt8, endingWith last: [UInt8], byteCount: Int, _ fill: (inout RecordWriter) -> Void
  ) -> [UInt8] {
    var capacity = max(32, byteCount)
    while true {
      let record = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { room -> [UInt8]? in
        var writer = RecordWriter(room)
        writer.append(version)
        fill(&writer)
        writer.append(UInt64(last.count))
        guard !writer.isFull else { return nil }
        // Not made with its length: the standard library does that by generic code, which looks for its own type each time.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(writer.count + last.count + MemoryLayout<UInt32>.size)
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: room[..<writer.count]))
        // In place: many may have the same payload, and would count references to it at once.
        last.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: CRC32C.checksum(bytes).littleEndian) { bytes.append(contentsOf: $0) }
        return bytes
      }
      if let record { return record }
      capacity *= 2
    }
  }

  package mutating func append(_ value: UInt8) {
    guard let target = target(for: 1) else { return }
    target.initialize(to: value)
    count += 1
  }

  package mutating func append(_ value: UInt64) {
    // Seven bits to a byte.
    guard let target = target(for: 10) else { return }
    var (rest, length) = (value, 0)
    while rest >= 0x80 {
      target[length] = UInt8(truncatingIfNeeded: rest) | 0x80
      rest >>= 7
      length += 1
    }
    target[length] = UInt8(truncatingIfNeeded: rest)
    count += length + 1
  }

  package mutating func append(_ value: Int64) {
    append(UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  package mutating func append(_ value: [UInt8]) {
    append(UInt64(value.count))
    value.withUnsafeBytes { copy($0) }
  }

  package mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      append(UInt64(utf8.count))
      copy(UnsafeRawBufferPointer(utf8))
    }
  }

  package mutating func append(_ timestamp: Timestamp) {
    append(timestamp.millisecondsSinceEpoch)
  }

  package mutating func append(_ id: OperationID) {
    for word in [id.high, id.low] { withUnsafeBytes(of: word.bigEndian) { copy($0) } }
  }

  private mutating func copy(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, let target = target(for: bytes.count) else { return }
    UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  /// Where the next bytes belong; `nil` when so many do not fit.
  private mutating func target(for byteCount: Int) -> UnsafeMutablePointer<UInt8>? {
    guard let start = room.baseAddress, !isFull, byteCount <= room.count - count else {
      isFull = true
      return nil
    }
    return start + count
  }
}
