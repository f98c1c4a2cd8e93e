import TomboloPorts

@discardableResult
func put(_ store: any KeyValueStore, _ key: String, _ value: [UInt8]) async throws -> Revision {
  let results = try await store.commit([Batch(mutations: [.put(Key(key), value)])])
  guard let result = results.first else { throw MissingFailure() }
  return try result.get()
}

/// The error of something that must fail.
func failure<Value>(_ body: () async throws -> Value) async throws -> StoreError {
  do {
    _ = try await body()
  } catch let error as StoreError {
    return error
  }
  throw MissingFailure()
}

struct MissingFailure: Error {}
