import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import TomboloPorts
import TomboloQueue

/// Answers the requests of an `AgentServer`: here what is common to all, the rest in `AgentResponder+…`.
struct AgentResponder: HTTPResponder {
  let parts: AgentParts
  let live: LiveServerSettings
  let startedAt: Timestamp
  let logger: Logger

  init(_ parts: AgentParts, _ live: LiveServerSettings, logger: Logger) {
    self.parts = parts
    self.live = live
    self.logger = logger
    startedAt = parts.queue.time.now
  }

  var configuration: AgentServerConfiguration { live.configuration }

  func respond(to request: Request, context: AgentContext) async throws -> Response {
    let began = logger.logLevel <= .debug ? ContinuousClock.now : nil
    let path = request.uri.path
    var response: Response
    do throws(any Error) {
      try live.guardian.check(request.head, path: path, port: context.port)
      response = try await answer(request, path: path)
    } catch {
      let problem = AgentProblem(error)
      report(problem, request, path: path)
      response = try Self.response(problem)
    }
    if request.method == .head { response = response.createHeadResponse() }
    if let began {
      let metadata: Logger.Metadata = [
        "method": "\(request.method)", "path": "\(path)", "status": "\(response.status.code)",
        "duration": "\(ContinuousClock.now - began)",
      ]
      logger.debug("answered a request", metadata: metadata)
    }
    return response
  }

  // MARK: - Routes

  private func answer(_ request: Request, path: String) async throws -> Response {
    switch path {
    case "/v1/operations":
      return try await choose(request, [.get: list, .post: enqueue])
    case "/v1/history":
      return try await choose(request, [.get: history])
    case "/v1/pauses":
      return try await choose(request, [.get: pauses, .put: pause, .delete: resume])
    case "/v1/line":
      return try await choose(request, [.get: line])
    case "/v1/status":
      return try await choose(request, [.get: status])
    case "/v1/network":
      return try await choose(request, [.get: network, .put: setNetwork])
    case "/v1/network/changes":
      return try await choose(request, [.get: networkChanges])
    case "/v1/reload":
      return try await choose(request, [.post: reload])
    case "/healthz":
      return try await choose(request, [.get: { _ in Self.answer(jsonText: Array(#"{"status":"ok"}"#.utf8)) }])
    case "/metrics":
      return try await choose(request, [.get: metrics])
    default:
      return try await answerAboutOne(request, path: path)
    }
  }

  private func answerAboutOne(_ request: Request, path: String) async throws -> Response {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    let isHistory = parts.count == 3 && parts[2] == "history"
    let isOperation = parts.count == 3 || parts.count == 4 && ["retry", "payload"].contains(parts[4])
    guard parts.count >= 3, parts[1] == "v1", !parts[3].isEmpty, isHistory || isOperation && parts[2] == "operations"
    else { throw AgentProblem(.notFound, .unknownPath, "there is nothing at this path") }
    guard let id = OperationID(parts[3]) else {
      throw AgentProblem(
        .badRequest, .malformedID, "id is no operation's: it has the form of a UUID, as enqueueing answered it",
        field: "id")
    }
    if isHistory { return try await choose(request, [.get: { _ in try await settled(id) }]) }
    if parts.count == 4, parts[4] == "payload" {
      return try await choose(request, [.put: { try await edit(id, $0) }])
    }
    if parts.count == 4 {
      return try await choose(request, [.post: { try await retry(id, $0) }])
    }
    return try await choose(request, [.get: { _ in try await show(id) }, .delete: { try await discard(id, $0) }])
  }

  private typealias Answer = (Request) async throws -> Response

  private func choose(_ request: Request, _ answers: KeyValuePairs<HTTPRequest.Method, Answer>) async throws -> Response
  {
    let method = request.method == .head ? .get : request.method
    if let answer = answers.first(where: { $0.key == method })?.value { return try await answer(request) }
    let allowed = answers.map(\.key.rawValue) + (answers.contains { $0.key == .get } ? ["HEAD"] : [])
    let names = allowed.joined(separator: ", ")
    var problem = AgentProblem(.methodNotAllowed, .methodNotAllowed, "this path takes \(names)")
    problem.allow = names
    throw problem
  }

  // MARK: - Failures

  /// Tells the operator what the sender of a request is not told, and as loudly as it concerns him.
  private func report(_ problem: AgentProblem, _ request: Request, path: String) {
    let level: Logger.Level
    switch problem.code {
    case .foreignHost, .foreignOrigin, .unauthorized: level = .notice
    case .queueFull: level = .warning
    case .stopping: level = .debug
    default: level = problem.status.code >= 500 ? .error : .debug
    }
    let metadata: Logger.Metadata = [
      "method": "\(request.method)", "path": "\(path)", "code": "\(problem.code)", "detail": "\(problem.detail)",
      "cause": problem.cause.map { "\($0)" } ?? "the request",
    ]
    logger.log(level: level, "a request was refused", metadata: metadata)
  }
}
