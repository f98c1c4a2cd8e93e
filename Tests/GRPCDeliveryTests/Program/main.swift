import Dispatch
import Foundation
import GRPCCore
import GRPCUpstream

/// The upstream of the tests as a process of its own, to be killed: `grpc-upstream [--port N] [--silent]`. It prints
/// `listening PORT`, and `call KEY ATTEMPT` for each call before it answers. After SIGUSR1 it answers `UNAVAILABLE` and prints
/// `misbehaving`; after SIGUSR2 it accepts calls again and prints `behaving`.
let arguments = CommandLine.arguments
let port = arguments.firstIndex(of: "--port").flatMap { Int(arguments[$0 + 1]) } ?? 0

/// One write a line, unbuffered: whoever reads must see it even when the process is killed right after.
@Sendable func tell(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

let service = UpstreamService { call in
  tell("call \(call.text("idempotency-key") ?? "-") \(call.text("tombolo-attempt") ?? "-")")
}
if arguments.contains("--silent") { service.alwaysAnswer(.silence) }

func onSignal(_ number: Int32, _ answer: UpstreamAnswer, _ word: String) -> any DispatchSourceSignal {
  // The source hears of it; without this the process would end.
  signal(number, SIG_IGN)
  let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
  source.setEventHandler { @Sendable in
    service.alwaysAnswer(answer)
    tell(word)
  }
  source.activate()
  return source
}
let signals = [
  onSignal(SIGUSR1, .status(RPCError(code: .unavailable, message: "overloaded")), "misbehaving"),
  onSignal(SIGUSR2, .delivered, "behaving"),
]

let server = UpstreamServer(service, port: port)
try await withThrowingTaskGroup(of: Void.self) { group in
  group.addTask { try await server.run() }
  tell("listening \(try await server.boundPort())")
  try await group.waitForAll()
}
withExtendedLifetime(signals) {}
