#if Encryption
  import Crypto
  import Foundation
  import TomboloPorts

  /// A key of 256 bits. It never shows: not in messages, not in a debugger's dump.
  public struct EncryptionKey: Sendable {
    /// In bytes.
    public static let byteCount = 32

    /// Tells keys apart, and is derived from the key: eight hexadecimal digits that tell nothing about it.
    public struct ID: Hashable, Sendable, CustomStringConvertible {
      let rawValue: UInt32

      public var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
      }
    }

    public let id: ID
    private let root: ImmutableKey

    /// A new key from the system's generator.
    public init() {
      self.init(SymmetricKey(size: .bits256))
    }

    /// - Throws: `StoreError` with `inaccessible` unless there are 32 bytes.
    public init(bytes: [UInt8]) throws {
      guard bytes.count == Self.byteCount else {
        throw StoreError(
          .inaccessible,
          "an encryption key has \(Self.byteCount) bytes, and this one has \(bytes.count); make one with "
            + "`tombolo storage generate-key FILE`")
      }
      self.init(SymmetricKey(data: bytes))
    }

    private init(_ root: SymmetricKey) {
      self.root = ImmutableKey(root)
      let bytes = Self.derive(root, salt: [], purpose: "tombolo.storage/key-id/1", byteCount: 4)
        .withUnsafeBytes { Array($0) }
      id = ID(rawValue: bytes.reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// The key for the records that carry `salt`.
    func recordKey(salt: [UInt8]) -> ImmutableKey {
      ImmutableKey(Self.derive(root.key, salt: salt, purpose: "tombolo.storage/record/1", byteCount: 32))
    }

    /// As a key file holds it.
    var base64: String { root.key.withUnsafeBytes { Data($0).base64EncodedString() } }

    /// HKDF (RFC 5869) over SHA-256.
    private static func derive(_ root: SymmetricKey, salt: [UInt8], purpose: String, byteCount: Int) -> SymmetricKey {
      HKDF<SHA256>.deriveKey(
        inputKeyMaterial: root, salt: salt, info: Array(purpose.utf8), outputByteCount: byteCount)
    }
  }

  /// A key that several tasks may use.
  ///
  /// Safety: `SymmetricKey` is a value whose storage is copied before it is changed, and nothing here changes one.
  struct ImmutableKey: @unchecked Sendable {
    let key: SymmetricKey

    init(_ key: SymmetricKey) { self.key = key }
  }

  extension EncryptionKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "key \(id)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
  }

  /// The keys of a store: the one that encrypts, and older ones that still decrypt.
  public struct EncryptionKeys: Sendable {
    public let current: EncryptionKey
    public let older: [EncryptionKey]

    /// - Throws: `StoreError` with `inaccessible` when two keys are the same, or cannot be told apart.
    public init(_ current: EncryptionKey, older: [EncryptionKey] = []) throws {
      self.current = current
      self.older = older
      var seen: Set<EncryptionKey.ID> = []
      for key in all where !seen.insert(key.id).inserted {
        throw StoreError(.inaccessible, "the key \(key.id) is given twice; remove one of the two")
      }
    }

    var all: [EncryptionKey] { [current] + older }

    subscript(id: EncryptionKey.ID) -> EncryptionKey? { all.first { $0.id == id } }
  }
#endif
