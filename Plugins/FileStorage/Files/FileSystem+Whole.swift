import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Calls that are continued until everything is done: after an interruption, and after a part.
extension FileSystem {
  /// Reads up to `byteCount` bytes; fewer only where the file ends.
  func readWhole(_ file: Int32, byteCount: Int, at offset: Int) throws(SystemFailure) -> [UInt8] {
    var failure: SystemFailure?
    let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      count = 0
      do {
        while count < byteCount {
          let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
          guard
            let step = try continued({ () throws(SystemFailure) in try read(file, into: rest, at: offset + count) }),
            step > 0
          else { return }
          count += step
        }
      } catch let error as SystemFailure {
        failure = error
      } catch {
        failure = SystemFailure(errorNumber: EIO)
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes all of `bytes`, or throws with a part of them written.
  func writeWhole(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemFailure) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let step = try continued { () throws(SystemFailure) in try write(file, rest, at: offset + done) }
      // A write that does nothing, again and again, would hold up everything for ever.
      guard let step, step > 0 else { throw SystemFailure(errorNumber: EIO) }
      done += step
    }
  }

  func writeWhole(_ file: Int32, _ bytes: [UInt8], at offset: Int) throws(SystemFailure) {
    let result = bytes.withUnsafeBytes { buffer -> SystemFailure? in
      do {
        try writeWhole(file, buffer, at: offset)
        return nil
      } catch let error as SystemFailure {
        return error
      } catch {
        return SystemFailure(errorNumber: EIO)
      }
    }
    if let result { throw result }
  }

  /// Begins where the system can; where it cannot, or not now, `synchronize` does everything.
  func beginWritingIfPossible(_ file: Int32, byteCount: Int, at offset: Int) throws(SystemFailure) {
    do {
      try beginWriting(file, byteCount: byteCount, at: offset)
    } catch {
      let harmless = [ENOSYS, EOPNOTSUPP, EINVAL, ESPIPE, EPERM, EINTR, EAGAIN, ENOMEM]
      guard harmless.contains(error.errorNumber) else { throw error }
    }
  }

  func synchronizeWhole(_ file: Int32) throws(SystemFailure) {
    _ = try continued { () throws(SystemFailure) in try synchronize(file) }
  }

  func allocateWhole(_ file: Int32, byteCount: Int) throws(SystemFailure) {
    _ = try continued { () throws(SystemFailure) in try allocate(file, byteCount: byteCount) }
  }

  /// Makes a call again that a signal interrupted; so often at most that no storm of signals can hold it for ever.
  private func continued<Value>(_ call: () throws(SystemFailure) -> Value) throws(SystemFailure) -> Value? {
    for _ in 0..<1_000 {
      do {
        return try call()
      } catch {
        guard error.errorNumber == EINTR else { throw error }
      }
    }
    throw SystemFailure(errorNumber: EINTR)
  }

  /// The names in a folder.
  func list(_ folder: String, _ action: String) throws(StoreError) -> [String] {
    do {
      return try names(in: folder)
    } catch {
      throw error.storeError(folder, action)
    }
  }
}
