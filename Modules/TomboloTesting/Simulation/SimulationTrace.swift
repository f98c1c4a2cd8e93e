private import Synchronization

/// What happened in a world, as a running checksum over everything and the text of the newest lines: two runs with one
/// checksum did the same in the same order.
public final class SimulationTrace: Sendable {
  private struct State {
    var checksum: UInt64 = 0xcbf2_9ce4_8422_2325
    var lineCount = 0
    /// A ring of the newest lines.
    var lines: [String] = []
  }

  private let state = Mutex(State())
  private let lineCountMaximum: Int

  public init(lineCountMaximum: Int = 60) {
    self.lineCountMaximum = max(1, lineCountMaximum)
  }

  /// FNV-1a, 64 bits (Fowler, Noll, Vo), over the bytes of all lines.
  public var checksum: UInt64 { state.withLock { $0.checksum } }
  public var lineCount: Int { state.withLock { $0.lineCount } }

  /// The newest lines, the newest last.
  public var tail: [String] {
    state.withLock { state in
      let start = state.lines.count < lineCountMaximum ? 0 : state.lineCount % lineCountMaximum
      return Array(state.lines[start...] + state.lines[..<start])
    }
  }

  public func note(_ line: String) {
    state.withLock { state in
      for byte in line.utf8 { state.checksum = (state.checksum ^ UInt64(byte)) &* 0x100_0000_01b3 }
      if state.lines.count < lineCountMaximum {
        state.lines.append(line)
      } else {
        state.lines[state.lineCount % lineCountMaximum] = line
      }
      state.lineCount += 1
    }
  }
}
