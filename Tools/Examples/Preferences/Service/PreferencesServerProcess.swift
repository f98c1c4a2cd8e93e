package import Foundation

/// The program `example-preferences-server`, running.
package final class PreferencesServerProcess: Sendable {
  package struct Failure: Error, CustomStringConvertible {
    package var description: String
  }

  package let port: Int
  private let process: Process
  /// The identity of each edit that it was asked to make, in order, before it makes it. The newest thousand are kept for a reader
  /// who is behind.
  package let edits: AsyncStream<String>

  /// Starts it, and returns when it listens.
  ///
  /// - Parameters:
  ///   - program: the executable file.
  ///   - folder: where it keeps its store.
  ///   - port: 0 for any that is free.
  package init(program: URL, folder: String, port wanted: Int = 0) async throws {
    let process = Process()
    process.executableURL = program
    process.arguments = [folder, "--port", "\(wanted)"]
    let output = Pipe()
    process.standardOutput = output
    let (ports, portContinuation) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
    let (edits, editContinuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1_000))
    let lines = LineCutter()
    output.fileHandleForReading.readabilityHandler = { handle in
      let data = handle.availableData
      if data.isEmpty {
        handle.readabilityHandler = nil
        portContinuation.finish()
        editContinuation.finish()
        return
      }
      for line in lines.lines(adding: data) {
        let words = line.split(separator: " ").map(String.init)
        switch words.first {
        case "listening" where words.count == 2: if let port = Int(words[1]) { portContinuation.yield(port) }
        case "edit" where words.count == 3: editContinuation.yield(words[1])
        default: break
        }
      }
    }
    try process.run()
    var port: Int?
    for await found in ports {
      port = found
      break
    }
    guard let port else { throw Failure(description: "the server at \(program.path) ended before it listened") }
    self.port = port
    self.process = process
    self.edits = edits
  }

  /// Ends it as a crash would.
  package func kill() {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  deinit {
    if process.isRunning { process.terminate() }
  }
}

/// Bytes as they come, cut into lines.
private final class LineCutter: @unchecked Sendable {
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
