#if Encryption
  import TomboloPorts
  import TomboloStorage

  /// The record that makes a store an encrypted one: which keys its values may need.
  struct EncryptionHeader: Equatable {
    static let version: UInt8 = 1

    /// The first one encrypts.
    var ids: [EncryptionKey.ID]

    init(_ ids: [EncryptionKey.ID]) { self.ids = ids }

    /// - Throws: `StoreError` with `damaged` when it cannot be read.
    init(_ record: Record, _ cipher: RecordCipher) throws {
      do {
        var decoder = try RecordDecoder(record.value, newestVersion: Self.version)
        let count = try decoder.count()
        var ids: [EncryptionKey.ID] = []
        while ids.count < count {
          guard let id = UInt32(exactly: try decoder.unsigned()) else {
            throw RecordError.damaged("a key id is too long")
          }
          ids.append(EncryptionKey.ID(rawValue: id))
        }
        self.ids = ids
        let proof = try decoder.byteArray()
        guard let first = ids.first, decoder.isAtEnd else { throw RecordError.damaged("it names no key") }
        for id in ids where cipher.keys[id] == nil { throw RecordCipher.missing(id, "the store") }
        guard RecordCipher.keyID(of: proof) == first,
          try cipher.open(proof, for: ReservedKeys.encryption) == Self.proven(ids)
        else { throw RecordError.damaged("its proof names other keys") }
      } catch let error as RecordError {
        throw StoreError(
          .damaged, "the record that says how the store is encrypted cannot be read; restore the store from a backup",
          cause: error
        ).about(ReservedKeys.encryption)
      }
    }

    func encoded(_ cipher: RecordCipher) throws -> [UInt8] {
      var encoder = RecordEncoder(version: Self.version, capacity: 128)
      encoder.append(UInt64(ids.count))
      for id in ids { encoder.append(UInt64(id.rawValue)) }
      encoder.append(try cipher.seal(Self.proven(ids), for: ReservedKeys.encryption))
      return encoder.sealed()
    }

    private static func proven(_ ids: [EncryptionKey.ID]) -> [UInt8] {
      ids.flatMap { id in withUnsafeBytes(of: id.rawValue.bigEndian) { Array($0) } }
    }
  }
#endif
