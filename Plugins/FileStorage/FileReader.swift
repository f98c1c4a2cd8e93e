import TomboloPorts
import TomboloStorage

/// The reading half of a `FileStore`: reads the values of places that were looked up, on a thread of its own or in place
/// (`SerialThreadExecutor.run(on:_:)`).
actor FileReader {
  nonisolated let executor: SerialThreadExecutor

  init(executor: SerialThreadExecutor) { self.executor = executor }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func records(at places: [FileIndex.Place?]) throws -> [Record?] {
    var records = try self.records(at: places.compactMap(\.self))[...]
    return places.map { $0 == nil ? nil : records.popFirst() }
  }

  /// What lies close together in a file is read with one call of the system.
  func records(at places: [FileIndex.Place]) throws -> [Record] {
    var records: [Record] = []
    records.reserveCapacity(places.count)
    var rest = places[...]
    while !rest.isEmpty {
      let stretch = FileStretch(rest)
      let together = rest.prefix(max(1, stretch.placeCount))
      if together.count > 1, let bytes = stretch.bytes {
        for place in together { records.append(try place.record(outOf: bytes, at: stretch.offset)) }
      } else {
        for place in together { records.append(try place.record()) }
      }
      rest.removeFirst(together.count)
    }
    return records
  }
}

/// A part of a file with the values of several places.
private struct FileStretch {
  /// What is read between two values without being needed, at most: to copy so much costs about as much as another call.
  private static let gapByteCountMaximum = 4_096
  private static let byteCountMaximum = 262_144

  private(set) var placeCount = 0
  private(set) var offset = 0
  private var end = 0
  private var file: OpenFile?

  /// As many of `places`, from the first on, as lie close together, one behind the other.
  init(_ places: ArraySlice<FileIndex.Place>) {
    for place in places {
      let entry = place.entry
      if entry.inline == nil {
        if file == nil {
          (file, offset, end) = (entry.file, entry.offset, entry.offset)
        }
        guard entry.file === file, entry.offset >= end, entry.offset - end <= Self.gapByteCountMaximum,
          entry.offset + entry.byteCount - offset <= Self.byteCountMaximum
        else { return }
        end = entry.offset + entry.byteCount
      }
      placeCount += 1
    }
  }

  /// Fewer where the file ends; `nil` where a part cannot be read, which may be one that is not needed. The error is let go, because each
  /// value is read by itself then, and one that cannot be throws its own.
  var bytes: [UInt8]? { try? file?.read(end - offset, at: offset) }
}
