import Foundation
import Logging
import PreferencesExample
import PreferencesService
import TomboloStorage
import TomboloTesting

/// `preferences-example` plays the basic example, `preferences-example integration` the one with a server and two devices.
var logger = Logger(label: "preferences")
logger.logLevel = .error
switch CommandLine.arguments.dropFirst().first {
case nil, "basic"?:
  try await BasicExample(store: InMemoryStore(), logger: logger).run { print($0) }
case "integration"?:
  let folder = FileManager.default.temporaryDirectory.appending(path: "preferences-\(UUID().uuidString)")
  defer {
    do {
      try FileManager.default.removeItem(at: folder)
    } catch {
      logger.error("the server's folder stays behind", metadata: ["error": "\(error)"])
    }
  }
  let server = ChildProgram.built("example-preferences-server")
  try await IntegrationExample(server: server, folder: folder.path, logger: logger).run { print($0) }
default:
  FileHandle.standardError.write(Data("usage: preferences-example [basic | integration]\n".utf8))
  exit(2)
}
