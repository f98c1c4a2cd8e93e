import Foundation
import NIOHTTP1
import TomboloAgent

/// What came back for a request.
struct AgentAnswer: Sendable {
  var status: Int
  var fields: HTTPHeaders
  var body: String

  func decoded<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: Data(body.utf8))
  }

  /// The problem details; throws when it is anything else.
  func problem() throws -> WireProblem {
    guard fields.first(name: "Content-Type") == "application/problem+json" else { throw NotAProblem(body: body) }
    return try decoded()
  }

  struct NotAProblem: Error {
    var body: String
  }
}
