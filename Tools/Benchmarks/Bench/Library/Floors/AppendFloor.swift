#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes written one behind the other to one file, flushed after every write. What was taken is told by a number of eight bytes each,
/// appended to the same file.
final class AppendFloor: Floor {
  private let file: Int32
  private let payload: [UInt8]
  private var end = 0
  /// Where payloads begin that were not taken yet, in order.
  private var offsets: [Int] = []
  private var firstOffset = 0
  private var buffer: [UInt8] = []

  init(path: String, payload: [UInt8]) throws {
    self.payload = payload
    file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0 else { throw BenchmarkError("\(path) cannot be made: errno \(errno)") }
  }

  deinit { close(file) }

  func add(_ count: Int) throws {
    buffer.removeAll(keepingCapacity: true)
    for _ in 0..<count {
      offsets.append(end + buffer.count)
      buffer.append(contentsOf: payload)
    }
    try appendBuffer()
  }

  func take(_ count: Int) throws -> Int {
    let taken = min(count, offsets.count - firstOffset)
    guard taken > 0 else { return 0 }
    var read = [UInt8](repeating: 0, count: payload.count)
    buffer.removeAll(keepingCapacity: true)
    for offset in offsets[firstOffset..<firstOffset + taken] {
      guard pread(file, &read, read.count, off_t(offset)) == read.count else {
        throw BenchmarkError("a read failed: errno \(errno)")
      }
      withUnsafeBytes(of: UInt64(offset)) { buffer.append(contentsOf: $0) }
    }
    firstOffset += taken
    try appendBuffer()
    return taken
  }

  private func appendBuffer() throws {
    try append(buffer, to: file, at: end)
    end += buffer.count
  }
}

func append(_ bytes: [UInt8], to file: Int32, at offset: Int) throws {
  try write(bytes, to: file, at: offset)
  try flush(file)
}

func write(_ bytes: [UInt8], to file: Int32, at offset: Int) throws {
  guard pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count else {
    throw BenchmarkError("a write failed: errno \(errno)")
  }
}

/// As the plugin does it: `fdatasync`, which leaves out what is not needed to find the bytes again.
func flush(_ file: Int32) throws {
  #if canImport(Darwin)
    guard fcntl(file, F_FULLFSYNC) != -1 else { throw BenchmarkError("a flush failed: errno \(errno)") }
  #else
    guard fdatasync(file) == 0 else { throw BenchmarkError("a flush failed: errno \(errno)") }
  #endif
}
