#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The floor: bytes written one behind the other to one file, made durable after every write, and nothing else.
final class FloorJournal {
  private let file: Int32
  private let roomByteCount: Int
  private var roomEnd = 0
  private var end = 0
  private var buffer: [UInt8] = []

  /// - Parameter roomByteCount: How many zeroes are written ahead at a time, so that most writes change no length; none for
  ///   plain appending.
  init(path: String, roomByteCount: Int) throws {
    self.roomByteCount = roomByteCount
    file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0 else { throw BenchmarkError("\(path) cannot be made: errno \(errno)") }
  }

  deinit { close(file) }

  /// Appends `count` payloads with one write and one flush.
  func append(_ payload: [UInt8], count: Int) throws {
    buffer.removeAll(keepingCapacity: true)
    for _ in 0..<count { buffer.append(contentsOf: payload) }
    if roomByteCount > 0, end + buffer.count > roomEnd {
      let zeroes = [UInt8](repeating: 0, count: end + buffer.count + roomByteCount - roomEnd)
      guard pwrite(file, zeroes, zeroes.count, off_t(roomEnd)) == zeroes.count else {
        throw BenchmarkError("making room failed: errno \(errno)")
      }
      roomEnd += zeroes.count
    }
    guard pwrite(file, buffer, buffer.count, off_t(end)) == buffer.count else {
      throw BenchmarkError("a write failed: errno \(errno)")
    }
    #if canImport(Darwin)
      guard fcntl(file, F_FULLFSYNC) != -1 else { throw BenchmarkError("a flush failed: errno \(errno)") }
    #else
      guard fdatasync(file) == 0 else { throw BenchmarkError("a flush failed: errno \(errno)") }
    #endif
    end += buffer.count
  }
}

/// Why nothing was measured.
struct BenchmarkError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}
