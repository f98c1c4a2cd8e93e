import TomboloTesting

/// The program `example-preferences-server`, running.
package struct PreferencesServerProcess: Sendable {
  package struct Failure: Error, CustomStringConvertible {
    package var description: String
  }

  package let port: Int
  private let process: ChildProgram

  /// Starts it, and returns when it listens.
  ///
  /// - Parameters:
  ///   - program: the path of the executable file.
  ///   - folder: where it keeps its store.
  ///   - wanted: its port; 0 for any that is free.
  package init(program: String, folder: String, port wanted: Int = 0) async throws {
    process = try ChildProgram(program, [folder, "--port", "\(wanted)"])
    let words = await process.nextLine()?.split(separator: " ") ?? []
    guard words.first == "listening", let port = words.last.flatMap({ Int($0) }) else {
      throw Failure(description: "the server at \(program) ended before it listened")
    }
    self.port = port
  }

  /// The identity of the next edit that it is asked to make, told before it makes it; `nil` when it has ended.
  package func nextEdit() async -> String? {
    for await line in process.lines {
      let words = line.split(separator: " ")
      if words.first == "edit", words.count == 3 { return String(words[1]) }
    }
    return nil
  }

  /// Ends it as a crash would.
  package func kill() { process.kill() }
}
