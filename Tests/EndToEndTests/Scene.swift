import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// An agent, its upstream, and a folder for both: real processes on loopback.
struct Scene {
  let folder: URL
  /// Where the store is.
  let data: URL
  let configuration: URL
  let upstreamPort: Int
  let agentPort: Int

  /// Runs `body` with a fresh folder and a port for the upstream that is free.
  ///
  /// - Parameters:
  ///   - extra: YAML that is added to the config.
  ///   - engine: the word after `storage.type`.
  static func with(_ extra: String = "", engine: Engine = .sqlite, _ body: (Scene) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-e2e-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (port, agentPort) = (try freePort(), try freePort())
    let configuration = folder.appending(path: "tombolo.yaml")
    let data = folder.appending(path: "data")
    try """
    agent:
      listen: 127.0.0.1:\(agentPort)
    storage:
      type: \(engine.rawValue)
      path: \(data.path)
    network:
      probe: { type: http, url: "http://127.0.0.1:\(port)/health", interval: 200ms, timeout: 1s }
    delivery:
      type: http
      baseURL: http://127.0.0.1:\(port)
      timeout: 1s
      unauthorizedPause: 5s
    \(extra)
    """.write(to: configuration, atomically: true, encoding: .utf8)
    let scene = Scene(
      folder: folder, data: data, configuration: configuration, upstreamPort: port, agentPort: agentPort)
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
    try await RunningProgram.run("tombolo", arguments + ["--config", configuration.path], folder: folder)
  }

  /// Writes a config that has nothing but the section `storage`.
  func write(_ name: String, _ storage: String) throws -> String {
    let file = folder.appending(path: name)
    try "storage: \(storage)\n".write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  private static func freePort() throws -> Int {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) == 0 && getsockname(socket, pointer, &length) == 0
      }
    }
    guard bound else { throw RunningProgram.Failure(description: "no free port: errno \(errno)") }
    return Int(UInt16(bigEndian: address.sin_port))
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

  static func send(_ method: String, _ url: String, _ json: String? = nil) async throws -> Answer {
    var request = HTTPClientRequest(url: url)
    request.method = .init(rawValue: method)
    if let json {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(ByteBuffer(string: json))
    }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
    let body = try await response.body.collect(upTo: 64 * 1_024 * 1_024)
    return Answer(status: Int(response.status.code), body: Data(buffer: body))
  }

  /// Asks again and again until the answer is right; gives the last one after 60 seconds.
  static func ask(_ url: String, until isRight: (Answer) throws -> Bool) async throws -> Answer {
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
      let answer = try await send("GET", url)
      if try isRight(answer) || ContinuousClock.now > deadline { return answer }
      await Task.yield()
    }
  }
}
