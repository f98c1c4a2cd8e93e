#if !os(iOS) && !os(tvOS) && !os(watchOS) && !os(visionOS)
  // First, so that the C types of other files are Glibc's: Foundation brings them in under another name.
  #if canImport(Glibc)
    import Glibc
  #endif
  package import Foundation

  /// Reads the output of another program line by line.
  package enum PipeLines {
    /// Hands on each line that ends, without its end, and then says that no more come. Begun before the program is started; the
    /// writing end has to be closed here once it is.
    ///
    /// A thread of its own reads, with calls that block. `readabilityHandler` is not for pipes that come and go: the source behind it is
    /// cancelled later than the handle closes its descriptor, and when the next pipe has the same number by then, its events go
    /// astray, or Dispatch uses what it has freed.
    package static func read(
      _ handle: FileHandle, line: @escaping @Sendable (Data) -> Void, end: @escaping @Sendable () -> Void
    ) {
      Thread.detachNewThread {
        var unfinished = Data()
        var chunk = [UInt8](repeating: 0, count: 64 * 1_024)
        while true {
          let count = next(handle.fileDescriptor, &chunk)
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { break }
          unfinished.append(contentsOf: chunk[..<count])
          while let newline = unfinished.firstIndex(of: 0x0A) {
            line(Data(unfinished[unfinished.startIndex..<newline]))
            unfinished = Data(unfinished[(newline + 1)...])
          }
        }
        // Foundation keeps a process that has ended, and its pipes with it.
        handle.closeFile()
        end()
      }
    }
  }

  /// As many bytes as there are, once there are any.
  private func next(_ descriptor: Int32, _ chunk: inout [UInt8]) -> Int {
    read(descriptor, &chunk, chunk.count)
  }
#endif
