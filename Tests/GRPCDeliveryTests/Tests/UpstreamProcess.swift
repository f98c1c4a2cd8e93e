import Foundation
import Testing

/// The program `grpc-upstream`, running.
final class UpstreamProcess: Sendable {
  let port: Int
  private let process: Process
  /// Lines of its output after the first.
  let lines: AsyncStream<String>

  init(port wanted: Int = 0, isSilent: Bool = false) async throws {
    let process = Process()
    process.executableURL = Bundle.main.bundleURL.deletingLastPathComponent().appending(path: "debug/grpc-upstream")
    for candidate in Self.candidates where FileManager.default.isExecutableFile(atPath: candidate.path) {
      process.executableURL = candidate
    }
    process.arguments = ["--port", "\(wanted)"] + (isSilent ? ["--silent"] : [])
    let output = Pipe()
    process.standardOutput = output
    let (lines, continuation) = AsyncStream.makeStream(of: String.self)
    let buffer = LineBuffer()
    output.fileHandleForReading.readabilityHandler = { handle in
      let data = handle.availableData
      if data.isEmpty {
        handle.readabilityHandler = nil
        continuation.finish()
        return
      }
      for line in buffer.lines(adding: data) { continuation.yield(line) }
    }
    try process.run()
    self.process = process
    self.lines = lines
    var first: String?
    for await line in lines {
      first = line
      break
    }
    port = try #require(first?.split(separator: " ").last.flatMap { Int($0) })
  }

  /// The next call it tells of: `call KEY ATTEMPT`.
  func nextCall() async -> String? {
    for await line in lines { return line }
    return nil
  }

  /// Ends it as a crash would.
  func kill() {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  deinit {
    if process.isRunning { process.terminate() }
  }

  /// Beside the test bundle, wherever that was built.
  private static var candidates: [URL] {
    let bundles = [Bundle.main.bundleURL, URL(fileURLWithPath: CommandLine.arguments[0])]
    return bundles.flatMap { bundle in
      [bundle, bundle.deletingLastPathComponent(), bundle.deletingLastPathComponent().deletingLastPathComponent()]
        .map { $0.appending(path: "grpc-upstream") }
    }
  }
}

/// Bytes as they come, cut into lines.
private final class LineBuffer: @unchecked Sendable {
  // Safety: only the one reading queue of a pipe calls `lines(adding:)`.
  private var rest = Data()

  func lines(adding data: Data) -> [String] {
    rest.append(data)
    var lines: [String] = []
    while let end = rest.firstIndex(of: 0x0A) {
      lines.append(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
      rest = Data(rest[(end + 1)...])
    }
    return lines
  }
}
