import TomboloPorts

/// Why the queue did not do what it was asked.
public struct QueueError: Error, Hashable, Sendable {
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// A field of the operation cannot be accepted; `field` names it.
    public static let invalidOperation = Code("invalidOperation")
    /// The payload is larger than the configured limit, or the operation than what the store takes in one value.
    public static let payloadTooLarge = Code("payloadTooLarge")
    /// The queue holds as many operations, or bytes, as it may.
    public static let full = Code("full")
    /// There is no such operation: it never was, or it is gone.
    public static let notFound = Code("notFound")
    /// The operation is being delivered right now.
    public static let delivering = Code("delivering")
    /// The lease of a delivery ended before it did: another process may deliver the operation, and the settlement is refused.
    public static let leaseLost = Code("leaseLost")
    /// The operation is not in a state in which this can be done.
    public static let wrongState = Code("wrongState")
    /// The store cannot do what the configuration asks for.
    public static let unsupported = Code("unsupported")
    /// What is stored cannot be read.
    public static let damaged = Code("damaged")
  }

  public var code: Code
  public var message: String
  /// The field of the operation the message is about.
  public var field: String?

  public init(_ code: Code, _ message: String, field: String? = nil) {
    self.code = code
    self.message = message
    self.field = field
  }

  static func notFound(_ id: OperationID) -> QueueError {
    QueueError(.notFound, "there is no operation \(id): it was never enqueued here, or it is settled and gone")
  }

  /// The same about one of `count` operations that were given together: with several of them the field tells which one.
  func ofElement(_ index: Int, among count: Int) -> QueueError {
    guard count > 1, let field else { return self }
    var error = self
    error.field = "operations[\(index)].\(field)"
    return error
  }

  /// Of an operation whose record is longer than a value of the store may be.
  static func refusal(ofRecord byteCount: Int, kind: String, byteCountMaximum: Int) -> QueueError? {
    guard byteCount > byteCountMaximum else { return nil }
    return QueueError(
      .payloadTooLarge,
      "an operation of kind \(kind) would take \(byteCount) bytes; this store takes at most \(byteCountMaximum) in one value",
      field: "payload")
  }
}

extension QueueError: CustomStringConvertible {
  public var description: String { message }
}
