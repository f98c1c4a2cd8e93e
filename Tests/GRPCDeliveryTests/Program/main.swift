import Foundation
import GRPCUpstream

/// The upstream of the tests as a process of its own, to be killed: `grpc-upstream [--port N] [--silent]`. It prints
/// `listening PORT`, and `call KEY ATTEMPT` for each call before it answers.
let arguments = CommandLine.arguments
let port = arguments.firstIndex(of: "--port").flatMap { Int(arguments[$0 + 1]) } ?? 0

/// One write a line, unbuffered: whoever reads must see it even when the process is killed right after.
@Sendable func tell(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

let service = UpstreamService { call in
  tell("call \(call.text("idempotency-key") ?? "-") \(call.text("tombolo-attempt") ?? "-")")
}
if arguments.contains("--silent") { service.alwaysAnswer(.silence) }
let server = UpstreamServer(service, port: port)
try await withThrowingTaskGroup(of: Void.self) { group in
  group.addTask { try await server.run() }
  tell("listening \(try await server.boundPort())")
  try await group.waitForAll()
}
