import Testing
import TomboloTesting

/// The program `grpc-upstream`, running.
struct UpstreamProcess {
  let port: Int
  private let process: ChildProgram

  init(port wanted: Int = 0, isSilent: Bool = false) async throws {
    process = try ChildProgram(
      ChildProgram.built("grpc-upstream"), ["--port", "\(wanted)"] + (isSilent ? ["--silent"] : []))
    port = try #require(await process.nextLine()?.split(separator: " ").last.flatMap { Int($0) })
  }

  /// The next call it tells of: `call KEY ATTEMPT`.
  func nextCall() async -> String? { await process.nextLine() }

  /// Ends it as a crash would.
  func kill() { process.kill() }
}
