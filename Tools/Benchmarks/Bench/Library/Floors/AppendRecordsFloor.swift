import CFileStorage
import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes written one behind the other to one file and flushed, and where each value stands, in a dictionary in memory. No checksums, no
/// revisions, no frame that tells a torn write: not an engine, but the least a journal of keys and values does.
///
/// As the plugin does it, and other than `AppendFloor`, zeroes are written ahead, so that most flushes need not store a new length of the
/// file; and the dictionary is brought up to date while the disk writes.
final class AppendRecordsFloor: RecordsFloor {
  private let file: Int32
  private var places: [[UInt8]: (offset: Int, count: Int)] = [:]
  private var end = 0
  /// How far zeroes were written.
  private var roomEnd = 0
  private static let room = [UInt8](repeating: 0, count: 1 << 20)
  private var buffer: [UInt8] = []

  init(path: String) throws {
    file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0 else { throw BenchmarkError("\(path) cannot be made: errno \(errno)") }
  }

  deinit { close(file) }

  func read(_ neighbours: [[UInt8]]) throws -> Int {
    try neighbours.count { key in
      guard let place = places[key] else { return false }
      var value = [UInt8](repeating: 0, count: place.count)
      guard pread(file, &value, place.count, off_t(place.offset)) == place.count else {
        throw BenchmarkError("a read failed: errno \(errno)")
      }
      return true
    }
  }

  func commit(_ mutations: [Mutation]) throws {
    buffer.removeAll(keepingCapacity: true)
    for mutation in mutations {
      buffer.append(contentsOf: mutation.key.bytes)
      if case .put(_, let value) = mutation { buffer.append(contentsOf: value) }
    }
    if end + buffer.count > roomEnd {
      let start = max(roomEnd, end)
      guard pwrite(file, Self.room, Self.room.count, off_t(start)) == Self.room.count else {
        throw BenchmarkError("a write failed: errno \(errno)")
      }
      roomEnd = start + Self.room.count
    }
    try write(buffer, to: file, at: end)
    guard tombolo_file_begin_writing(file, Int64(end), Int64(buffer.count)) == 0 else {
      throw BenchmarkError("the system would not begin to write")
    }
    note(mutations)
    try flush(file)
    end += buffer.count
  }

  private func note(_ mutations: [Mutation]) {
    var offset = end
    for mutation in mutations {
      offset += mutation.key.bytes.count
      switch mutation {
      case .put(let key, let value):
        places[key.bytes] = (offset, value.count)
        offset += value.count
      case .delete(let key): places[key.bytes] = nil
      }
    }
  }
}
