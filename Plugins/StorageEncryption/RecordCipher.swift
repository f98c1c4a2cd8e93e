#if Encryption
  import Crypto
  import Foundation
  import Synchronization
  import TomboloPorts

  /// Encrypts and decrypts values with AES-256-GCM.
  ///
  ///     version (1) | key id (4) | salt (16) | nonce (12) | ciphertext | tag (16)
  ///
  /// The key of a record is derived from the key of the file and the salt; a salt serves for at most 2^20 records of one
  /// opening and then makes way for a new random one, and nonces are random. So the chance that any key meets a nonce twice
  /// stays below 2^-32 up to 2^44 records under one key of the file, where random nonces alone would allow 2^32 records.
  ///
  /// The tag also covers version, key id and the record's key, so that a value put under another key does not decrypt.
  final class RecordCipher: Sendable {
    static let version: UInt8 = 1
    static let saltByteCount = 16
    static let nonceByteCount = 12
    static let headByteCount = 1 + 4 + saltByteCount + nonceByteCount
    static let tagByteCount = 16
    /// How much longer a value becomes.
    static let overheadByteCount = headByteCount + tagByteCount
    /// Of records under one salt.
    static let saltUseMaximum = 1 << 20
    /// Of derived keys that are kept for reading.
    static let cacheCountMaximum = 1_024

    private struct Sealing {
      var salt: [UInt8]
      var key: ImmutableKey
      var useCount = 0
    }

    private struct Source: Hashable {
      var id: EncryptionKey.ID
      var salt: [UInt8]
    }

    private struct State {
      var sealing: Sealing?
      var derived: [Source: ImmutableKey] = [:]
    }

    let keys: EncryptionKeys
    private let state = Mutex(State())

    init(_ keys: EncryptionKeys) { self.keys = keys }

    /// The key that a stored value needs; `nil` when it is not one that this wrote.
    static func keyID(of value: [UInt8]) -> EncryptionKey.ID? {
      guard value.count >= overheadByteCount, value[0] == version else { return nil }
      return EncryptionKey.ID(rawValue: value[1..<5].reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// The value to store under `key`.
    func seal(_ value: [UInt8], for key: Key) throws -> [UInt8] {
      let (salt, recordKey) = sealingKey()
      var bytes: [UInt8] = [Self.version]
      bytes.reserveCapacity(value.count + Self.overheadByteCount)
      withUnsafeBytes(of: keys.current.id.rawValue.bigEndian) { bytes.append(contentsOf: $0) }
      do {
        let sealed = try AES.GCM.seal(value, using: recordKey.key, authenticating: Self.bound(bytes, key))
        bytes += salt
        bytes += sealed.nonce
        bytes += sealed.ciphertext
        bytes += sealed.tag
        return bytes
      } catch {
        throw StoreError(.engine, "encrypting the value for key \(key) failed", cause: error)
      }
    }

    /// The value that was stored under `key`.
    ///
    /// - Throws: `StoreError` with `damaged` when it was changed, comes from another key, or was never encrypted; with
    ///   `inaccessible` when its encryption key is missing.
    func open(_ bytes: [UInt8], for key: Key) throws -> [UInt8] {
      guard let id = Self.keyID(of: bytes) else {
        throw StoreError(
          .damaged,
          "the value at key \(key) is not an encrypted one; it was written past the encryption, or damaged. "
            + "Restore the store from a backup"
        ).about(key)
      }
      guard let encryptionKey = keys[id] else { throw Self.missing(id, "the value at key \(key)") }
      let nonceStart = 5 + Self.saltByteCount
      let recordKey = openingKey(encryptionKey, salt: Array(bytes[5..<nonceStart]))
      do {
        let box = try AES.GCM.SealedBox(combined: bytes[nonceStart...])
        return Array(try AES.GCM.open(box, using: recordKey.key, authenticating: Self.bound(Array(bytes[..<5]), key)))
      } catch {
        throw StoreError(
          .damaged,
          "the value at key \(key) does not decrypt: it was changed, or put there from another key. Restore the "
            + "store from a backup", cause: error
        ).about(key)
      }
    }

    static func missing(_ id: EncryptionKey.ID, _ what: String) -> StoreError {
      StoreError(
        .inaccessible,
        "\(what) needs the encryption key \(id), which the key file does not hold; add it below the first "
          + "line of the key file")
    }

    /// What the tag covers beside the value.
    private static func bound(_ head: [UInt8], _ key: Key) -> [UInt8] {
      Array("tombolo.storage/value/".utf8) + head + key.bytes
    }

    private func sealingKey() -> ([UInt8], ImmutableKey) {
      state.withLock { state in
        if var sealing = state.sealing, sealing.useCount < Self.saltUseMaximum {
          sealing.useCount += 1
          state.sealing = sealing
          return (sealing.salt, sealing.key)
        }
        let salt = SymmetricKey(size: SymmetricKeySize(bitCount: Self.saltByteCount * 8)).withUnsafeBytes { Array($0) }
        let sealing = Sealing(salt: salt, key: keys.current.recordKey(salt: salt), useCount: 1)
        state.sealing = sealing
        return (sealing.salt, sealing.key)
      }
    }

    private func openingKey(_ key: EncryptionKey, salt: [UInt8]) -> ImmutableKey {
      let source = Source(id: key.id, salt: salt)
      return state.withLock { state in
        if let derived = state.derived[source] { return derived }
        let derived = key.recordKey(salt: salt)
        if state.derived.count >= Self.cacheCountMaximum { state.derived.removeAll(keepingCapacity: true) }
        state.derived[source] = derived
        return derived
      }
    }
  }
#endif
