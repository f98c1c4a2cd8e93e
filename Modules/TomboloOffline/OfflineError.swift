/// Why something could not be read or written, with what each half said.
public struct OfflineError: Error, Sendable {
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private init(_ description: String) { self.description = description }

    /// The service could not be asked, and here nothing could be done either; `cause` and `localCause` say why.
    public static let bothFailed = Code("bothFailed")
    /// The service refuses this for good; nothing was stored.
    public static let refused = Code("refused")
    /// The edit does not fit the document as it is shown; nothing was stored.
    public static let inapplicable = Code("inapplicable")
    /// There is nothing stored here about it.
    public static let notStored = Code("notStored")
    /// The document has as many pending edits as it may.
    public static let tooManyPending = Code("tooManyPending")
    /// It mentions a temporary identifier of something that nothing creates.
    public static let unknownIdentifier = Code("unknownIdentifier")
    /// The server has named a thing before, in another way.
    public static let renamed = Code("renamed")
    /// The collection was not told of this kind of edit.
    public static let unknownEdit = Code("unknownEdit")
    /// The document cannot be turned into bytes.
    public static let unencodable = Code("unencodable")
    /// What is stored cannot be read.
    public static let undecodable = Code("undecodable")
    /// What is stored was written by a newer program.
    public static let newerDocument = Code("newerDocument")
    /// Others changed the document again and again meanwhile.
    public static let contended = Code("contended")
  }

  public var code: Code
  public var message: String
  /// What went wrong online, or underneath.
  public var cause: (any Error)?
  /// What went wrong here, when both halves failed.
  public var localCause: (any Error)?

  public init(_ code: Code, _ message: String, cause: (any Error)? = nil, localCause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
    self.localCause = localCause
  }

  /// Who can do something about it. When both halves failed it is the user's only if both are: with either of them mended
  /// by the user the call would have worked, but a fault of ours is never to be passed off as theirs.
  public var audience: FailureAudience {
    if code == .inapplicable { return .user }
    let causes = [cause, localCause].compactMap { $0 }
    guard !causes.isEmpty else { return code == .notStored ? .user : .program }
    return causes.allSatisfy { FailureAudience(of: $0) == .user } ? .user : .program
  }
}

extension OfflineError: CustomStringConvertible {
  public var description: String {
    var text = message
    if let cause { text += "; online: \(cause)" }
    if let localCause { text += "; here: \(localCause)" }
    return text
  }
}
