#if Encryption
  public import TomboloPorts
  import TomboloStorage

  /// Encrypts the values of another store.
  ///
  ///     let store = try await EncryptedStore.open(SQLiteStore(path: "./data"), keys: EncryptionKeyFile.read("./key"))
  ///
  /// It keeps the contract of `KeyValueStore`, and its values are shorter by 49 bytes than the other's may be.
  ///
  /// What it hides is the values. Whoever reads the files still sees the keys of records, with what layers put in them (the
  /// queue: ordering keys, coalescing keys and idempotency keys), the lengths of values, how many there are and when they
  /// change. What it detects is a value that was changed or moved to another key; it does not detect that records were
  /// removed, or that an older value of the same key was put back.
  public final class EncryptedStore: KeyValueStore {
    let inner: any KeyValueStore
    let cipher: RecordCipher
    public let capabilities: StoreCapabilities

    private init(_ inner: any KeyValueStore, _ cipher: RecordCipher) {
      self.inner = inner
      self.cipher = cipher
      var capabilities = inner.capabilities
      capabilities.valueByteCountMaximum = max(0, capabilities.valueByteCountMaximum - RecordCipher.overheadByteCount)
      self.capabilities = capabilities
    }

    /// Puts encryption around `store`, which must be empty or encrypted with one of `keys`.
    ///
    /// - Throws: `StoreError` with `inaccessible` when the store holds plain records or needs a key that is missing, with
    ///   `damaged` when it was tampered with. `store` stays open then.
    public static func open(_ store: any KeyValueStore, keys: EncryptionKeys) async throws -> EncryptedStore {
      let encrypted = EncryptedStore(store, RecordCipher(keys))
      // Where several processes share a store, another may write the header first.
      for _ in 0..<8 {
        if try await encrypted.prepareHeader() { return encrypted }
      }
      throw StoreError(.engine, "other programs keep changing how the store is encrypted; open it with one key file")
    }

    public func get(_ keys: [Key]) async throws -> [Record?] {
      try await inner.get(keys).map { record in
        guard let record, record.key != ReservedKeys.encryption else { return nil }
        return try opened(record)
      }
    }

    public func scan(_ range: KeyRange, reverse: Bool, limit: Int) async throws -> [Record] {
      guard limit > 0, range.contains(ReservedKeys.encryption) else {
        return try await inner.scan(range, reverse: reverse, limit: limit).map(opened)
      }
      // One more, for the header that is left out.
      let wanted = limit == .max ? limit : limit + 1
      return try await inner.scan(range, reverse: reverse, limit: wanted)
        .filter { $0.key != ReservedKeys.encryption }.prefix(limit).map(opened)
    }

    public func commit(_ batches: [Batch]) async throws -> [BatchResult] {
      let sealed = try batches.map { batch in touchesHeader(batch) ? nil : try self.sealed(batch) }
      var results = try await inner.commit(sealed.compactMap { $0 })[...]
      return try zip(batches, sealed).map { batch, sealed in
        guard sealed != nil else { return .refused(Self.reserved) }
        guard let result = results.popFirst() else {
          throw StoreError(.outcomeUnknown, "the store answered for fewer batches than it was given")
        }
        guard case .refused(let error) = result, error.code == .valueTooLarge else { return result }
        // In the caller's sizes.
        return .refused(capabilities.refusal(of: batch, after: 0) ?? error)
      }
    }

    public func close() async throws {
      try await inner.close()
    }
  }

  extension EncryptedStore {
    private static let reserved = StoreError(
      .inaccessible, "the key \(ReservedKeys.encryption) is kept for the encryption of the store; use another")

    private func touchesHeader(_ batch: Batch) -> Bool {
      batch.mutations.contains { $0.key == ReservedKeys.encryption }
        || batch.checks.contains { $0.key == ReservedKeys.encryption }
    }

    private func opened(_ record: Record) throws -> Record {
      Record(key: record.key, value: try cipher.open(record.value, for: record.key), revision: record.revision)
    }

    private func sealed(_ batch: Batch) throws -> Batch {
      let mutations = try batch.mutations.map { mutation -> Mutation in
        guard case .put(let key, let value) = mutation else { return mutation }
        return .put(key, try cipher.seal(value, for: key))
      }
      return Batch(checks: batch.checks, mutations: mutations, durability: batch.durability)
    }

    /// Writes or renews the header where that is needed; `false` when another program was quicker.
    private func prepareHeader() async throws -> Bool {
      let current = cipher.keys.current.id
      if let record = try await inner.get(ReservedKeys.encryption) {
        let header = try EncryptionHeader(record, cipher)
        guard header.ids.first != current else { return true }
        do {
          return try await write(
            EncryptionHeader([current] + header.ids.filter { $0 != current }), over: record.revision)
        } catch let error as StoreError where error.code == .inaccessible {
          // A store that can only be read, and every key it needs is there. Nothing can be put under the new one either.
          return true
        }
      }
      if let first = try await inner.scan(.all, limit: 1).first, first.key != ReservedKeys.encryption {
        throw StoreError(
          .inaccessible,
          "the store holds records that are not encrypted, the first at key \(first.key); move them with "
            + "`tombolo storage migrate` into a store with `encryption`, or remove `encryption` from its config")
      }
      return try await write(EncryptionHeader([current]), over: nil)
    }

    /// `false` when the header is not the one of `revision` any more.
    func write(_ header: EncryptionHeader, over revision: Revision?) async throws -> Bool {
      var batch = Batch(checks: [Check(key: ReservedKeys.encryption, expected: revision)])
      batch.put(ReservedKeys.encryption, try header.encoded(cipher))
      switch try await inner.commit([batch]).first {
      case .committed: return true
      case .refused(let error) where error.code == .conflict: return false
      case .refused(let error): throw error
      case nil: throw StoreError(.outcomeUnknown, "the store gave no answer for the header of its encryption")
      }
    }
  }
#endif
