/// Why a store could not do what it was asked.
///
/// Programs read `code`; people read `message`, which says what, where and, when known, what to do. It never holds values.
public struct StoreError: Error, Sendable {
  /// What kind of failure it was.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// A check of the batch did not hold; `expected` and `actual` tell the two revisions. Nothing of the batch was applied.
    public static let conflict = Code("conflict")
    /// A value is larger than the store's limit.
    public static let valueTooLarge = Code("valueTooLarge")
    /// A key is longer than the store's limit.
    public static let keyTooLong = Code("keyTooLong")
    /// A commit carries more mutations than the store's limit.
    public static let batchTooLarge = Code("batchTooLarge")
    /// There is no room left; nothing of the commit was applied. Worth trying again once there is room.
    public static let full = Code("full")
    /// Another holder (a process, or another store object in this one) has it open.
    public static let inUse = Code("inUse")
    /// The place cannot be read, written or created: permissions, a file where a folder should be, a read-only disk.
    public static let inaccessible = Code("inaccessible")
    /// What is stored is damaged, or was written by a newer program. The store refuses to work on it.
    public static let damaged = Code("damaged")
    /// The store was closed.
    public static let closed = Code("closed")
    /// The engine failed in another way; nothing of the commit was applied.
    public static let engine = Code("engine")
    /// The engine failed in a way that leaves open whether the commit was applied. Read before writing again; a store that refuses
    /// to be read now answers when it was opened again.
    public static let outcomeUnknown = Code("outcomeUnknown")
  }

  public var code: Code
  public var message: String
  /// What made it fail, when there was an error before this one.
  public var cause: (any Error)?
  /// With `conflict`: the key whose check failed. With `damaged`: the record whose value is damaged, when it is that one alone.
  public var key: Key?
  /// With `conflict`: the revision the batch required, `nil` for "no record".
  public var expected: Revision?
  /// With `conflict`: the revision that is there, `nil` for "no record".
  public var actual: Revision?

  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The error about the record at `key`.
  public func about(_ key: Key) -> StoreError {
    var error = self
    error.key = key
    return error
  }

  /// The refusal of a batch whose check on `key` did not hold.
  public static func conflict(key: Key, expected: Revision?, actual: Revision?) -> StoreError {
    func words(_ revision: Revision?) -> String { revision.map { "revision \($0)" } ?? "no record" }
    var error = StoreError(
      .conflict, "the record at key \(key) changed: expected \(words(expected)), found \(words(actual))")
    error.key = key
    error.expected = expected
    error.actual = actual
    return error
  }
}

extension StoreError: CustomStringConvertible {
  public var description: String {
    guard let cause else { return message }
    return "\(message) (\(cause))"
  }
}
