package import TomboloPorts

extension KeyValueStore {
  /// Commits one batch and answers with its revision.
  @discardableResult
  package func commit(_ build: (inout Batch) -> Void) async throws -> Revision {
    var batch = Batch()
    build(&batch)
    let results = try await commit([batch])
    guard let result = results.first else { throw StoreError(.engine, "no result") }
    return try result.get()
  }

  /// The value at a key; `nil` where there is none.
  package func value(_ key: String) async throws -> [UInt8]? {
    try await get(Key(key))?.value
  }
}

/// Runs `body` and answers with the store error it must throw.
package func storeError(_ body: () async throws -> Void) async throws -> StoreError {
  do {
    try await body()
  } catch let error as StoreError {
    return error
  }
  throw MissingError()
}

/// Nothing was thrown where something should have been.
package struct MissingError: Error {}

extension BatchResult {
  /// Why it was refused, or `nil` when it was committed.
  package var refusal: StoreError? {
    switch self {
    case .committed: nil
    case .refused(let error): error
    }
  }
}
