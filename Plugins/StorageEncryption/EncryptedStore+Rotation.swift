#if Encryption
  import TomboloPorts
  import TomboloStorage

  extension EncryptedStore {
    /// How far a rotation is, or what it came to.
    public struct Rotation: Hashable, Sendable {
      /// The key under which all values are, or will be.
      public var key: EncryptionKey.ID
      /// Records that were looked at.
      public var recordCount = 0
      /// Records that were under an older key.
      public var recordCountRewritten = 0
    }

    /// Encrypts every value that is under an older key with the current one. Afterwards the older keys may be removed from
    /// the key file.
    ///
    /// It goes through the records in chunks, each one commit. One that ends early, by `kill -9` too, is simply run again:
    /// what it has done it will find done. The engine may keep the old bytes in its files until it needs the room.
    ///
    /// No other process may have the store open meanwhile: one with the older key file alone would go on writing values under a key
    /// that is then removed.
    ///
    /// - Parameter onProgress: Called after every chunk.
    /// - Throws: `StoreError`; with `damaged` when a value does not decrypt, which is then left as it is.
    public func rotate(onProgress: @Sendable (Rotation) -> Void = { _ in }) async throws -> Rotation {
      guard try await inner.get(ReservedKeys.migration) == nil else {
        throw StoreError(
          .inaccessible, "a migration into this store has not ended; run it again to its end, then rotate the key")
      }
      // A record that someone else wrote meanwhile is looked at again: where a store is shared, with an older key file.
      for _ in 0..<16 {
        var rotation = Rotation(key: cipher.keys.current.id)
        let conflictCount = try await pass(&rotation, onProgress)
        guard conflictCount == 0, let header = try await inner.get(ReservedKeys.encryption) else { continue }
        if try await write(EncryptionHeader([rotation.key]), over: header.revision) { return rotation }
      }
      throw StoreError(.inUse, "another program keeps writing with an older key; stop it, or give it the new key file")
    }

    /// How many records changed under its hands.
    private func pass(_ rotation: inout Rotation, _ onProgress: (Rotation) -> Void) async throws -> Int {
      var conflictCount = 0
      var reader = RecordReader(inner, recordCountMaximum: inner.capabilities.mutationCountMaximum)
      while let records = try await reader.chunk() {
        let batches = try records.filter { RecordCipher.keyID(of: $0.value) != rotation.key }.map { record in
          var batch = Batch()
          batch.check(record.key, is: record.revision)
          batch.put(record.key, try cipher.seal(cipher.open(record.value, for: record.key), for: record.key))
          return batch
        }
        for result in batches.isEmpty ? [] : try await inner.commit(batches) {
          switch result {
          case .committed: rotation.recordCountRewritten += 1
          case .refused(let error) where error.code == .conflict: conflictCount += 1
          case .refused(let error): throw error
          }
        }
        rotation.recordCount += records.count
        onProgress(rotation)
      }
      return conflictCount
    }
  }
#endif
