import TomboloPorts

/// Throws a finding unless `condition` holds.
func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
  guard condition else { throw Finding(message: message()) }
}

/// Throws a finding unless `actual` is `expected`; `what` begins the sentence.
func require<Value: Equatable>(_ actual: Value, is expected: Value, _ what: @autoclosure () -> String) throws {
  guard actual == expected else {
    throw Finding(message: "\(what()) must be \(words(for: expected)), and is \(words(for: actual))")
  }
}

/// Throws a finding unless `body` throws a `StoreError` with `code`.
@discardableResult
func require(
  _ code: StoreError.Code, from what: @autoclosure () -> String, _ body: () async throws -> Void
) async throws -> StoreError {
  do {
    try await body()
  } catch let error as StoreError where error.code == code {
    return error
  } catch {
    throw Finding(message: "\(what()) must throw \(code), and threw \(words(for: error))")
  }
  throw Finding(message: "\(what()) must throw \(code), and returned")
}

/// An error with its code, or any value without drowning the reader in bytes.
func words(for value: Any) -> String {
  if let error = value as? StoreError { return "\(error.code) (\(error))" }
  let text = String(describing: value)
  return text.count <= 400 ? text : "\(text.prefix(400))…"
}

extension KeyValueStore {
  /// Commits batches and requires one result for each.
  func results(of batches: [Batch]) async throws -> [BatchResult] {
    let results = try await commit(batches)
    try require(results.count, is: batches.count, "the number of results of a commit")
    return results
  }

  /// Commits one batch and answers with its result.
  func result(_ build: (inout Batch) -> Void) async throws -> BatchResult {
    var batch = Batch()
    build(&batch)
    guard let result = try await results(of: [batch]).first else { throw Finding(message: "a commit gave no result") }
    return result
  }

  /// Commits one batch that must not be refused.
  @discardableResult
  func write(_ build: (inout Batch) -> Void) async throws -> Revision {
    switch try await result(build) {
    case .committed(let revision): return revision
    case .refused(let error):
      throw Finding(message: "a batch that nothing stands against was refused: \(words(for: error))")
    }
  }

  @discardableResult
  func put(_ key: Key, _ value: [UInt8]) async throws -> Revision {
    try await write { $0.put(key, value) }
  }

  /// The values at `keys`; the number of answers is required to be right.
  func values(_ keys: [Key]) async throws -> [[UInt8]?] {
    let records = try await get(keys)
    try require(records.count, is: keys.count, "the number of records `get` answers")
    return records.map { $0?.value }
  }
}

extension BatchResult {
  /// The code it was refused with; `nil` when it was committed.
  var refusalCode: StoreError.Code? {
    switch self {
    case .committed: nil
    case .refused(let error): error.code
    }
  }
}

extension Key {
  /// `name` and a number with leading zeros, so that the order of keys is the order of numbers below 100,000.
  static func numbered(_ name: String, _ number: Int) -> Key {
    let digits = String(number)
    return Key(name + String(repeating: "0", count: max(0, 5 - digits.count)) + digits)
  }
}
