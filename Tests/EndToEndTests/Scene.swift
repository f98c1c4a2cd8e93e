import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import TomboloTesting

/// An agent, its upstream, and a folder for both: real processes on loopback.
struct Scene {
  let folder: URL
  /// Where the store is.
  let data: URL
  let configuration: URL
  let upstreamPort: Int
  let agentPort: Int
  let engine: Engine

  /// Has an agent wait for an answer however late it is: where a repeat would be another outcome.
  static let patience = ["--set", "delivery.timeout=10m", "--set", "queue.attemptTimeout=10m"]

  /// Runs `body` with a fresh folder, and a port each for the agent and the upstream that nobody else is given meanwhile.
  ///
  /// The limits of delivery and probe are as long as a busy machine may need: an answer that is late for them would be another
  /// outcome than the one a test is about.
  ///
  /// - Parameters:
  ///   - extra: YAML that is added to the config.
  ///   - engine: the word after `storage.type`.
  static func with(_ extra: String = "", engine: Engine = .sqlite, _ body: (Scene) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-e2e-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (reservedPort, reservedAgentPort) = (try ReservedPort(), try ReservedPort())
    defer { withExtendedLifetime((reservedPort, reservedAgentPort)) {} }
    let (port, agentPort) = (reservedPort.number, reservedAgentPort.number)
    let configuration = folder.appending(path: "tombolo.yaml")
    let data = folder.appending(path: "data")
    try """
    agent:
      listen: 127.0.0.1:\(agentPort)
    storage:
      type: \(engine.rawValue)
      path: \(data.path)
    network:
      probe: { type: http, url: "http://127.0.0.1:\(port)/health", interval: 200ms, timeout: 60s }
    delivery:
      type: http
      baseURL: http://127.0.0.1:\(port)
      timeout: 10s
      unauthorizedPause: 5s
    \(extra)
    """.write(to: configuration, atomically: true, encoding: .utf8)
    let scene = Scene(
      folder: folder, data: data, configuration: configuration, upstreamPort: port, agentPort: agentPort,
      engine: engine)
    let result: Result<Void, any Error>
    do {
      try await body(scene)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    try FileManager.default.removeItem(at: folder)
    try result.get()
  }

  var upstreamURL: String { "http://127.0.0.1:\(upstreamPort)" }

  func startAgent(_ arguments: String..., under wrapper: [String] = []) async throws -> Agent {
    try await startAgent(arguments, under: wrapper)
  }

  func startAgent(_ arguments: [String], under wrapper: [String] = []) async throws -> Agent {
    let program = try RunningProgram(
      "tombolo", ["run", "--config", configuration.path] + arguments, folder: folder, wrapper: wrapper)
    return Agent(program: program, url: try await program.listeningURL())
  }

  func startUpstream() async throws -> RunningProgram {
    let program = try RunningProgram("example-upstream", ["--port", String(upstreamPort), "--verbose"])
    _ = try await program.listeningURL()
    return program
  }

  func tombolo(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
    try await tombolo(arguments)
  }

  func tombolo(_ arguments: [String]) async throws -> (status: Int32, output: String, errors: String) {
    try await RunningProgram.run("tombolo", arguments + ["--config", configuration.path], folder: folder)
  }

  /// Writes a config that has nothing but the section `storage`.
  func write(_ name: String, _ storage: String) throws -> String {
    let file = folder.appending(path: name)
    try "storage: \(storage)\n".write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }
}

struct Agent {
  let program: RunningProgram
  let url: String
}

/// HTTP for tests: JSON in, JSON out.
enum Web {
  struct Answer {
    var status: Int
    var body: Data

    /// A value of the body by its path, such as `queue.pending`.
    func value<Value>(_ path: String, as type: Value.Type = Value.self) throws -> Value {
      var value: Any = try JSONSerialization.jsonObject(with: body)
      for part in path.split(separator: ".") {
        if let object = value as? [String: Any], let next = object[String(part)] {
          value = next
        } else if let array = value as? [Any], let index = Int(part), array.indices.contains(index) {
          value = array[index]
        } else {
          throw RunningProgram.Failure(description: "no \(path) in \(String(decoding: body, as: UTF8.self))")
        }
      }
      guard let typed = value as? Value else {
        throw RunningProgram.Failure(description: "\(path) is \(value), not \(type)")
      }
      return typed
    }
  }

  /// What only reads is asked once more when there is no answer: where a program was killed and the next one listens on its port,
  /// the client may still have a connection to the first.
  static func send(_ method: String, _ url: String, _ json: String? = nil) async throws -> Answer {
    do {
      return try await sendOnce(method, url, json)
    } catch {
      guard method == "GET" else { throw error }
      return try await sendOnce(method, url, json)
    }
  }

  /// Lives as long as the process. Its limits are for a test that hangs: `HTTPClient.shared` gives up a connection on which nothing
  /// came for 90 seconds.
  private static let client: HTTPClient = {
    var configuration = HTTPClient.Configuration.singletonConfiguration
    configuration.timeout = HTTPClient.Configuration.Timeout(connect: .seconds(600), read: .seconds(600))
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  private static func sendOnce(_ method: String, _ url: String, _ json: String?) async throws -> Answer {
    var request = HTTPClientRequest(url: url)
    request.method = .init(rawValue: method)
    if let json {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(string: json))
    }
    let response = try await client.execute(request, timeout: .seconds(600))
    let body = try await response.body.collect(upTo: 64 * 1_024 * 1_024)
    return Answer(status: Int(response.status.code), body: Data(buffer: body))
  }

  /// Asks again and again until the answer is right; gives the last one after three minutes.
  static func ask(_ url: String, until isRight: (Answer) throws -> Bool) async throws -> Answer {
    let deadline = ContinuousClock.now + .seconds(180)
    while true {
      let answer = try await send("GET", url)
      if try isRight(answer) || ContinuousClock.now > deadline { return answer }
      await Task.yield()
    }
  }
}
