#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Random numbers of the system's, drawn 32 at a time: `SystemRandomNumberGenerator` asks the system for each, which takes longer than
/// all else that an identifier needs.
///
/// Those that are drawn and not yet given stay in memory until then. So it is for identifiers, and not for keys.
struct DrawnNumbers: RandomNumberGenerator, Sendable {
  private static let count = 32
  private var drawn: [UInt64] = []

  mutating func next() -> UInt64 {
    if let number = drawn.popLast() { return number }
    drawn = Self.draw() ?? []
    var system = SystemRandomNumberGenerator()
    return drawn.popLast() ?? system.next()
  }

  /// `nil` where the system does not give that many at once.
  private static func draw() -> [UInt64]? {
    #if canImport(Darwin)
      return [UInt64](unsafeUninitializedCapacity: count) { buffer, filledCount in
        arc4random_buf(buffer.baseAddress, count * MemoryLayout<UInt64>.stride)
        filledCount = count
      }
    #else
      var isComplete = false
      let numbers = [UInt64](unsafeUninitializedCapacity: count) { buffer, filledCount in
        let byteCount = count * MemoryLayout<UInt64>.stride
        // 256 bytes at the most, whole or not at all.
        if let start = buffer.baseAddress { isComplete = getentropy(start, byteCount) == 0 }
        filledCount = isComplete ? count : 0
      }
      return isComplete ? numbers : nil
    #endif
  }
}
