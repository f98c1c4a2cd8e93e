#if Encryption
  import Foundation
  import TomboloPorts

  /// A file with the keys of a store: one a line, in base64 or hexadecimal, the first one the current one.
  ///
  /// Empty lines, and lines that begin with `#`, say nothing. A file of exactly 32 bytes is a key itself.
  public enum EncryptionKeyFile {
    /// In bytes; a longer file is taken for a mistake.
    static let byteCountMaximum = 64 * 1_024

    /// Reads the keys at `path`.
    ///
    /// - Parameter warn: Told when others than the owner may read the file.
    /// - Throws: `StoreError` with `inaccessible` when it cannot be read, may be written by others, or holds no keys.
    public static func read(_ path: String, warn: (String) -> Void = { _ in }) throws -> EncryptionKeys {
      let bytes = try content(path, warn)
      if bytes.count == EncryptionKey.byteCount { return try EncryptionKeys(EncryptionKey(bytes: bytes)) }
      var keys: [EncryptionKey] = []
      for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces.union(.newlines))
        if text.isEmpty || text.hasPrefix("#") { continue }
        guard let key = bytesOf(text) else {
          throw StoreError(
            .inaccessible,
            "\(path):\(index + 1): this is no key; write 32 bytes in base64 (44 characters) or hexadecimal "
              + "(64), as `tombolo storage generate-key FILE` does")
        }
        keys.append(try EncryptionKey(bytes: key))
      }
      guard let current = keys.first else {
        throw StoreError(
          .inaccessible, "the key file \(path) holds no key; make one with `tombolo storage generate-key FILE`")
      }
      return try EncryptionKeys(current, older: Array(keys.dropFirst()))
    }

    /// Makes a file with one new key, readable by its owner alone. A file that is there stays as it is.
    ///
    /// - Throws: `StoreError` with `inaccessible` when there is one, or it cannot be written.
    public static func generate(_ path: String) throws -> EncryptionKey.ID {
      let key = EncryptionKey()
      let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard file >= 0 else {
        let hint = errno == EEXIST ? "; a key that is lost cannot be made again, so it is not replaced" : ""
        throw failure(path, "made", hint)
      }
      defer { close(file) }
      let text = Array("\(key.base64)\n".utf8)
      guard write(file, text, text.count) == text.count, fsync(file) == 0 else { throw failure(path, "written") }
      return key.id
    }

    private static func bytesOf(_ text: String) -> [UInt8]? {
      if text.utf8.count == EncryptionKey.byteCount * 2 {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
      }
      guard let data = Data(base64Encoded: text), data.count == EncryptionKey.byteCount else { return nil }
      return Array(data)
    }

    private static func content(_ path: String, _ warn: (String) -> Void) throws -> [UInt8] {
      // Without waiting for a writer, where it is a pipe.
      let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard file >= 0 else { throw failure(path, "read", "; make one with `tombolo storage generate-key FILE`") }
      defer { close(file) }
      var status = stat()
      guard fstat(file, &status) == 0 else { throw failure(path, "read") }
      guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= byteCountMaximum else {
        throw StoreError(
          .inaccessible, "\(path) is no key file: it must be a file of at most \(byteCountMaximum) bytes")
      }
      guard status.st_mode & 0o022 == 0 else {
        throw StoreError(
          .inaccessible, "others than its owner may write the key file \(path); take that right away: chmod 600 \(path)"
        )
      }
      if status.st_mode & 0o044 != 0 {
        warn("others than its owner may read the key file \(path); unless that is meant: chmod 600 \(path)")
      }
      var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
      // A regular file gives what it has in one read.
      let count = pread(file, &bytes, bytes.count, 0)
      guard count >= 0 else { throw failure(path, "read") }
      return Array(bytes[..<count])
    }

    private static func failure(_ path: String, _ verb: String, _ hint: String = "") -> StoreError {
      StoreError(.inaccessible, "the key file \(path) cannot be \(verb): \(String(cString: strerror(errno)))\(hint)")
    }
  }
#endif
