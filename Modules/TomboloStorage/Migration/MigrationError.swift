public import TomboloPorts

/// Why a migration stopped. The source is as it was; running the same migration again goes on where it can.
public struct MigrationError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it was.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// The target holds other records than the source, and no migration has begun there.
    public static let targetNotEmpty = Code("targetNotEmpty")
    /// The target holds the unfinished copy of another source.
    public static let otherMigration = Code("otherMigration")
    /// The source is itself the target of a migration that has not ended: a part of something.
    public static let sourceUnfinished = Code("sourceUnfinished")
    /// The source has other records than when the copy began.
    public static let sourceChanged = Code("sourceChanged")
    /// The target cannot hold a record of the source: its key is too long, or its value too large.
    public static let doesNotFit = Code("doesNotFit")
    /// The finished copy is not the source.
    public static let verificationFailed = Code("verificationFailed")
    /// What the target says about its migration cannot be read.
    public static let damaged = Code("damaged")
  }

  public var code: Code
  /// What, where, and what to do.
  public var message: String
  /// The first key that is concerned.
  public var key: Key?
  public var cause: (any Error)?

  init(_ code: Code, key: Key? = nil, cause: (any Error)? = nil, _ message: String) {
    self.code = code
    self.key = key
    self.cause = cause
    self.message = message
  }

  public var description: String {
    guard let cause else { return message }
    return "\(message) (\(cause))"
  }
}
