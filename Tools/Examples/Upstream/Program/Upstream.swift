import ArgumentParser
import ExampleUpstream
import Foundation

/// `example-upstream`: the outside, to try a delivery against.
@main
struct Upstream: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "example-upstream",
    abstract: "A small HTTP server that accepts operations, recognises repeats, and misbehaves on request.",
    discussion: """
      POST /{kind} accepts an operation. GET /received and GET /summary tell what was accepted.
      PUT /behaviour '{"kind":"orders.*","mode":"status","status":503,"times":3}' makes it misbehave; the modes are status,
      delay, hang, reset and acceptThenReset. DELETE /behaviour ends that.
      """)

  @Option(help: "The port to listen on; 0 for any that is free.")
  var port = 9000

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Flag(help: "Print one line for each operation.")
  var verbose = false

  func validate() throws {
    guard (0...65_535).contains(port) else { throw ValidationError("--port must be between 0 and 65535.") }
  }

  func run() async throws {
    let isVerbose = verbose
    let server = UpstreamServer(host: host, port: port) { event in
      if isVerbose { Self.say("\(event)") }
    }
    let host = host
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.runUntilSignalled() }
      group.addTask {
        do {
          let port = try await server.boundPort()
          Self.say("listening on http://\(host.contains(":") ? "[\(host)]" : host):\(port)")
        } catch is UpstreamError {
          // The server itself says why it ended.
          return
        }
      }
      try await group.waitForAll()
    }
  }

  /// Prints a line at once, also into a pipe, where `print` would keep it back until a buffer is full.
  private static func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
  }
}
