import TomboloPorts
import TomboloStorage

/// What reading the segments in their order has found so far. It only reads.
struct JournalReplay {
  var older: [Journal.Segment] = []
  var current: Journal.Segment
  var salt: UInt64
  var epoch: UInt64
  /// The oldest segment that counts, as far as is known.
  var front: UInt64
  var nextSequence: UInt64
  /// How long the file of the last segment is.
  var roomEnd: Int
  var durableByteCount: Int
  /// Where and why the last segment ends with something that does not count: what a crash left of a commit.
  var tear: JournalDamage?
  /// Whether something other than zeroes follows the end.
  var hasRemains = false

  /// Reads the segments `numbers`, ascending and without a gap, and fills `index`.
  ///
  /// - Throws: `damaged`, or why a file could not be read.
  init(
    _ numbers: [UInt64], at location: JournalLocation, files: any FileSystem, acknowledgement: Acknowledgement?,
    purpose: FilePurpose, into index: FileIndex
  ) throws {
    guard let last = numbers.last else {
      throw StoreError(.damaged, "\(location.folder): there is no segment of the journal")
    }
    var replay: JournalReplay?
    for number in numbers {
      let file = try OpenFile(location.segment(number), number == last ? purpose : .reading, in: files)
      do {
        let limit = acknowledgement.map { note in
          note.number == number ? note.byteCount(whenStarted: files.bootIdentifier) : 0
        }
        try Self.read(file, number: number, isLast: number == last, limit: limit ?? 0, into: &replay, index: index)
      } catch let damage as JournalDamage {
        throw damage.storeError(path: file.path)
      }
    }
    guard let replay else { throw StoreError(.damaged, "\(location.folder): there is no segment of the journal") }
    self = replay
    try checkEnds(numbers, at: location, acknowledgement: acknowledgement)
  }

  private init(_ header: SegmentHeader, segment: Journal.Segment) {
    current = segment
    salt = header.salt
    epoch = header.epoch
    front = header.front
    nextSequence = header.firstSequence
    roomEnd = segment.byteCount
    durableByteCount = segment.byteCount
  }

  private static func read(
    _ file: OpenFile, number: UInt64, isLast: Bool, limit: Int, into replay: inout JournalReplay?, index: FileIndex
  ) throws {
    var scan = try SegmentScan(file.read(try file.byteCount(), at: 0))
    let segment = Journal.Segment(number: number, file: file, byteCount: SegmentHeader.byteCount)
    guard scan.header.number == number else {
      throw JournalDamage(0, "it is segment \(scan.header.number) under the name of segment \(number)")
    }
    var found = replay ?? JournalReplay(scan.header, segment: segment)
    if replay != nil {
      found.older.append(found.current)
      guard scan.header.salt == found.salt else { throw JournalDamage(0, "it is a segment of another store") }
      guard scan.header.firstSequence == found.nextSequence else {
        throw JournalDamage(
          0, "it begins with frame \(scan.header.firstSequence), and frame \(found.nextSequence) is missing before it")
      }
    }
    found.current = segment
    found.epoch = max(found.epoch, scan.header.epoch)
    found.front = max(found.front, scan.header.front)
    while let frame = scan.next() {
      if let mark = frame.mark {
        found.epoch = max(found.epoch, mark.epoch)
        found.front = max(found.front, mark.front)
      }
      index.publish(Self.changes(of: frame, in: segment, scan: scan))
    }
    try judgeEnd(of: scan, isLast: isLast, limit: limit)
    found.current.byteCount = scan.end
    found.nextSequence = scan.nextSequence
    found.roomEnd = scan.bytes.count
    found.durableByteCount = scan.end
    found.hasRemains = !scan.isTailZero
    found.tear = found.hasRemains ? scan.flaw ?? JournalDamage(scan.end, "something follows the end") : nil
    replay = found
  }

  /// Tells what a crash left of an unfinished commit from damage to a finished one.
  ///
  /// It is damage when the place was acknowledged, when the segment is not the last, or when an intact frame behind it says
  /// that this place had been durable before. With `StoreDurability.normal` a power cut may keep later frames and lose
  /// earlier ones of those that were not yet flushed; then none of them counts.
  private static func judgeEnd(of scan: SegmentScan, isLast: Bool, limit: Int) throws(JournalDamage) {
    let reason = scan.flaw?.reason ?? "the frames end"
    guard scan.end >= limit else {
      throw JournalDamage(scan.end, "\(reason), and commits up to byte \(limit) were acknowledged")
    }
    guard !scan.isTailZero else { return }
    guard isLast else { throw JournalDamage(scan.end, "\(reason), and the segment is not the last one") }
    let later = scan.frame(behind: scan.end) { $0.header.durableByteCount > scan.end }
    guard let later else { return }
    throw JournalDamage(
      scan.end, "\(reason), and an intact frame that was written later follows at byte \(later.offset)")
  }

  private static func changes(
    of frame: SegmentScan.Frame, in segment: Journal.Segment, scan: SegmentScan
  ) -> [(key: Key, entry: FileIndex.Entry?)] {
    frame.entries.map { entry in
      guard let value = entry.value else { return (entry.key, nil) }
      let offset = frame.valuesOffset + value.offset
      let isShort = value.byteCount <= FileIndex.inlineByteCountMaximum
      return (
        entry.key,
        FileIndex.Entry(
          revision: value.revision, segment: segment.number, file: segment.file, offset: offset,
          byteCount: value.byteCount, checksum: value.checksum,
          inline: isShort ? Array(scan.bytes[offset..<offset + value.byteCount]) : nil)
      )
    }
  }

  /// Whether the journal begins and ends where it should.
  private func checkEnds(
    _ numbers: [UInt64], at location: JournalLocation, acknowledgement: Acknowledgement?
  ) throws {
    guard let first = numbers.first, first <= front else {
      throw JournalDamage(0, "this segment of the journal is missing").storeError(path: location.segment(front))
    }
    guard let acknowledgement else { return }
    guard acknowledgement.salt == salt else {
      throw JournalDamage(0, "it belongs to another store than the journal beside it").storeError(
        path: location.acknowledgement)
    }
    guard acknowledgement.number <= current.number else {
      throw JournalDamage(0, "this segment of the journal was acknowledged and is missing").storeError(
        path: location.segment(acknowledgement.number))
    }
  }
}
