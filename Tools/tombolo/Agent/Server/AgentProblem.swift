import HTTPTypes

/// Why a request is not done: what becomes an answer with problem details.
///
/// `detail` is shown to whoever asked, so it holds nothing of the inside: no paths, no engine's messages, no payloads.
/// What the operator needs to know goes to the log, as `cause`.
struct AgentProblem: Error {
  /// What is wrong, for programs.
  struct Code: Hashable, CustomStringConvertible {
    let description: String
    private init(_ description: String) { self.description = description }

    /// The body is no JSON, or JSON of another shape than a request.
    static let malformedJSON = Code("malformedJSON")
    /// A field that must be there is not.
    static let missingField = Code("missingField")
    /// There is no such field.
    static let unknownField = Code("unknownField")
    /// A field is given twice.
    static let duplicateField = Code("duplicateField")
    /// Two fields are given of which there may be one.
    static let conflictingFields = Code("conflictingFields")
    /// The value of a field cannot be accepted.
    static let invalidField = Code("invalidField")
    /// A parameter of the query is unknown, given twice, or its value cannot be accepted.
    static let invalidParameter = Code("invalidParameter")
    /// What should be an identifier of an operation is none.
    static let malformedID = Code("malformedID")
    /// A payload, or the whole request, is larger than the limit.
    static let payloadTooLarge = Code("payloadTooLarge")
    /// The body is declared to be something other than JSON.
    static let unsupportedMediaType = Code("unsupportedMediaType")
    /// There is no such operation.
    static let notFound = Code("notFound")
    /// There is nothing at this path.
    static let unknownPath = Code("unknownPath")
    /// The path is there, the method is not.
    static let methodNotAllowed = Code("methodNotAllowed")
    /// The operation is being delivered right now.
    static let delivering = Code("delivering")
    /// The operation is not in a state in which this can be done.
    static let wrongState = Code("wrongState")
    /// The queue, or its disk, is full.
    static let queueFull = Code("queueFull")
    /// The store failed; nothing was changed.
    static let storeFailed = Code("storeFailed")
    /// What is stored is damaged, and the store refuses to work on it.
    static let storeDamaged = Code("storeDamaged")
    /// The store failed in a way that leaves open whether the change was made.
    static let outcomeUnknown = Code("outcomeUnknown")
    /// The agent is stopping.
    static let stopping = Code("stopping")
    /// The bearer token is missing or wrong.
    static let unauthorized = Code("unauthorized")
    /// The request was meant for another host.
    static let foreignHost = Code("foreignHost")
    /// The request comes from a page of another origin.
    static let foreignOrigin = Code("foreignOrigin")
    /// The configuration that was to be reloaded cannot be used.
    static let invalidConfiguration = Code("invalidConfiguration")
    /// Another reload is under way.
    static let reloading = Code("reloading")
    /// A mistake of the agent's own.
    static let internalError = Code("internalError")
  }

  var status: HTTPResponse.Status
  var code: Code
  var detail: String
  var field: String?
  /// With `methodNotAllowed`: what is allowed.
  var allow: String?
  /// What went wrong inside. For the log alone.
  var cause: (any Error)?

  /// - Parameter isLong: whether the detail may be long, as a list of problems that nobody but the operator gets.
  init(
    _ status: HTTPResponse.Status, _ code: Code, _ detail: String, field: String? = nil, isLong: Bool = false
  ) {
    self.status = status
    self.code = code
    // Both may repeat what somebody wrote, who may have written sixteen megabytes of it.
    self.detail = Self.cut(detail, to: isLong ? 8_000 : 600)
    self.field = field.map { Self.cut($0, to: 200) }
  }

  private static func cut(_ text: String, to characterCount: Int) -> String {
    let start = text.prefix(characterCount)
    return start.endIndex == text.endIndex ? text : start + "…"
  }
}

extension AgentProblem {
  /// The value of a field of the body cannot be accepted.
  static func invalid(_ field: String, _ detail: String) -> AgentProblem {
    AgentProblem(.badRequest, .invalidField, "\(field) \(detail)", field: field)
  }

  /// There is no such field; says which one may have been meant.
  static func unknownField(_ field: String, name: String, among known: [String]) -> AgentProblem {
    let hint =
      NearestName.of(name, among: known).map { "did you mean \($0)?" } ?? "known are \(known.joined(separator: ", "))"
    return AgentProblem(.badRequest, .unknownField, "there is no field \(field): \(hint)", field: field)
  }

  /// The body, or a payload, is larger than it may be.
  static func tooLarge(byteCountMaximum: Int) -> AgentProblem {
    AgentProblem(
      .contentTooLarge, .payloadTooLarge,
      "the body is larger than \(byteCountMaximum) bytes: send fewer operations at once, store large payloads elsewhere and "
        + "enqueue a reference, or raise queue.payloadMaximum")
  }

  /// The document that is sent.
  var document: WireProblem {
    WireProblem(
      type: "about:blank", title: status.reasonPhrase, status: status.code, detail: detail, code: code.description,
      field: field)
  }
}
