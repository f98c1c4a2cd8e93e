import FileStorage
import Foundation
import PreferencesService

/// The service as a process of its own, to be killed: `example-preferences-server FOLDER [--port N]`. It keeps its store in the
/// folder, prints `listening PORT`, and `edit KEY DEVICE` for each edit before it makes it.
let arguments = CommandLine.arguments
guard arguments.count > 1, !arguments[1].hasPrefix("-") else {
  FileHandle.standardError.write(Data("usage: example-preferences-server FOLDER [--port N]\n".utf8))
  exit(2)
}
var port = 0
if let index = arguments.firstIndex(of: "--port"), index + 1 < arguments.count { port = Int(arguments[index + 1]) ?? 0 }

/// One write a line, unbuffered: whoever reads must see it even when the process is killed right after.
@Sendable func tell(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

let store = try await FileStore(path: arguments[1])
let host = PreferencesServiceHost(store: store, port: port) { key, device in tell("edit \(key) \(device)") }
try await withThrowingTaskGroup(of: Void.self) { group in
  group.addTask { try await host.run() }
  tell("listening \(try await host.boundPort())")
  try await group.waitForAll()
}
