import HTTPTypes
import Hummingbird
import TomboloPorts
import TomboloQueue

extension AgentResponder {
  /// `POST /v1/operations`.
  func enqueue(_ request: Request) async throws -> Response {
    let body = try await body(of: request)
    let wanted = try EnqueueRequest(body)
    guard wanted.isBatch || body.count <= configuration.singleByteCountMaximum else {
      throw AgentProblem.tooLarge(byteCountMaximum: configuration.singleByteCountMaximum)
    }
    let operations = wanted.operations.map { Self.traced($0, as: request) }
    let receipts = try await parts.queue.enqueue(operations, durability: wanted.durability)
    // Written by hand: this is the request that comes a thousand times a second, and its answer holds nothing to escape.
    var text = wanted.isBatch ? #"{"operations":["# : ""
    for (index, receipt) in receipts.enumerated() {
      if index > 0 { text += "," }
      text += #"{"id":"\#(receipt.id)","state":"\#(receipt.state.rawValue)""#
      switch receipt.disposition {
      case .added: break
      case .repeated: text += #","repeated":true"#
      case .replaced(let id): text += #","replaced":"\#(id)""#
      case .merged(let id): text += #","merged":"\#(id)""#
      case .kept: text += #","kept":true"#
      case .appended(let id): text += #","appended":"\#(id)""#
      }
      if !receipt.dropped.isEmpty {
        text += #","dropped":["# + receipt.dropped.map { #""\#($0)""# }.joined(separator: ",") + "]"
      }
      text += "}"
    }
    if wanted.isBatch { text += "]}" }
    return Self.answer(jsonText: Array(text.utf8), status: .accepted)
  }

  /// The operation with the trace of whoever asks, where it names none itself: an attempt made days later belongs to it.
  private static func traced(_ operation: NewOperation, as request: Request) -> NewOperation {
    guard let parent = request.headers[.traceParent],
      !operation.headers.contains(where: { $0.name.lowercased() == "traceparent" })
    else { return operation }
    var operation = operation
    operation.headers.append(OperationHeader(name: "traceparent", value: parent))
    if let state = request.headers[.traceState] {
      operation.headers.append(OperationHeader(name: "tracestate", value: state))
    }
    return operation
  }

  /// `GET /v1/operations`.
  func list(_ request: Request) async throws -> Response {
    let wanted = try ListRequest(query: request.uri.query)
    let page = try await parts.queue.list(wanted.filter, after: wanted.cursor, limit: wanted.limit)
    return try Self.json(
      WireOperationPage(operations: page.snapshots.map { self.describe($0) }, cursor: page.cursor?.description))
  }

  /// `GET /v1/operations/{id}`.
  func show(_ id: OperationID) async throws -> Response {
    guard let snapshot = try await parts.queue.snapshot(id) else { throw Self.missing(id) }
    let payload = snapshot.operation.payload
    var operation = describe(snapshot)
    operation.conflict = WireConflict(snapshot)
    let isJSON = JSONCheck.problem(in: payload) == nil
    // Any other bytes are as good a payload; they are shown in base64.
    if !isJSON { operation.payloadBase64 = Self.base64(payload) }
    var text = try Self.encode(operation)
    // Their own bytes go in as they are: decoding them would change numbers and the order of keys.
    if let base = snapshot.operation.base, JSONCheck.problem(in: base) == nil { Self.add("base", base, to: &text) }
    if isJSON { Self.add("payload", payload, to: &text) }
    return Self.answer(jsonText: text)
  }

  /// `POST /v1/operations/{id}/retry`, with `?resolution=local`, `remote` or `merged` for one that is parked for a conflict; the
  /// body is then the merged payload.
  func retry(_ id: OperationID, _ request: Request) async throws -> Response {
    let parameters = try QueryParameters(request.uri.query, known: ["resolution"])
    switch parameters["resolution"] {
    case nil: try await parts.queue.retry(id)
    case "local": try await parts.queue.resolve(id, with: .local)
    case "merged": try await parts.queue.resolve(id, with: .merged(try await body(of: request)))
    case "remote":
      try await parts.queue.resolve(id, with: .remote)
      return try Self.json(WireReceipt(id: id.description, state: OperationState.discarded.rawValue))
    default:
      throw AgentProblem(
        .badRequest, .invalidParameter, "there is no such resolution: give local, remote or merged", field: "resolution"
      )
    }
    // When it is gone already, the state it was put into is the last one that is known for certain.
    let state = try await parts.queue.snapshot(id)?.state ?? .pending
    return try Self.json(WireReceipt(id: id.description, state: state.rawValue))
  }

  /// `DELETE /v1/operations/{id}`.
  func discard(_ id: OperationID, _ request: Request) async throws -> Response {
    let parameters = try QueryParameters(request.uri.query, known: ["reason"])
    try await parts.queue.discard(id, reason: parameters["reason"] ?? "discarded by hand, without a reason")
    return try Self.json(WireReceipt(id: id.description, state: OperationState.discarded.rawValue))
  }

  /// Adds a member, whose value is JSON, to an object that has members.
  private static func add(_ name: String, _ value: [UInt8], to object: inout [UInt8]) {
    object.removeLast()
    object += Array(",\"\(name)\":".utf8)
    object += value
    object.append(UInt8(ascii: "}"))
  }

  /// `PUT /v1/operations/{id}/payload`: another payload for one that waits for a person, to be put back in line with `retry`.
  func edit(_ id: OperationID, _ request: Request) async throws -> Response {
    let parameters = try QueryParameters(request.uri.query, known: ["version"])
    let version = try parameters["version"].map { text in
      guard let number = Int(text), number >= 1 else {
        throw AgentProblem(.badRequest, .invalidParameter, "version must be a whole number from 1", field: "version")
      }
      return number
    }
    let payload = try await body(of: request)
    if let problem = JSONCheck.problem(in: payload) {
      throw AgentProblem(.badRequest, .malformedJSON, "the body is the payload, and not valid: \(problem)")
    }
    try await parts.queue.edit(id, payload: payload, version: version)
    return try await show(id)
  }

  private static func missing(_ id: OperationID) -> AgentProblem {
    AgentProblem(
      .notFound, .notFound, "there is no operation \(id): it was never enqueued here, or it is settled and gone",
      field: "id")
  }
}

extension HTTPField.Name {
  /// The context of a trace (W3C Trace Context).
  fileprivate static let traceParent = parsed("traceparent")
  fileprivate static let traceState = parsed("tracestate")
}
