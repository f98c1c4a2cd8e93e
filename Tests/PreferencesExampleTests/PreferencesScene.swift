import FileStorage
import Foundation
import Logging
import PreferencesExample
import Synchronization
import Testing
import TomboloNetwork
import TomboloPorts
import TomboloQueue
import TomboloStorage
import TomboloTesting

@testable import PreferencesService

/// A server in a process of its own, and devices that know its port.
final class PreferencesScene: Sendable {
  let folder: URL
  private let process: Mutex<PreferencesServerProcess>
  let port: Int
  /// Keeps the port while the server is away; `nil` where no server could listen beside it.
  private let reserved: ReservedPort?

  private init(_ folder: URL, _ process: PreferencesServerProcess, _ reserved: ReservedPort?) {
    self.folder = folder
    self.process = Mutex(process)
    self.reserved = reserved
    port = process.port
  }

  static func with(_ body: (PreferencesScene) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "preferences-\(UUID().uuidString)")
    defer {
      do {
        try FileManager.default.removeItem(at: folder)
      } catch {
        Issue.record("the server's folder stays behind: \(error)")
      }
    }
    #if os(Linux)
      let reserved: ReservedPort? = try ReservedPort()
    #else
      let reserved: ReservedPort? = nil
    #endif
    let process = try await PreferencesServerProcess(
      program: server, folder: folder.path, port: reserved?.number ?? 0)
    let scene = PreferencesScene(folder, process, reserved)
    defer { scene.kill() }
    try await body(scene)
  }

  /// Ends the server as a crash would.
  func kill() { process.withLock { $0 }.kill() }

  /// The same store and the same port in a new process.
  func restart() async throws {
    let next = try await PreferencesServerProcess(program: Self.server, folder: folder.path, port: port)
    process.withLock { $0 = next }
  }

  /// The identities of the next edits that reach the server.
  func nextEdits(_ count: Int) async -> [String] {
    var found: [String] = []
    let process = process.withLock { $0 }
    while found.count < count, let edit = await process.nextEdit() { found.append(edit) }
    return found
  }

  /// The currency that the server has stored for a user. To be asked while it is away.
  func storedCurrency(of userID: String) async throws -> String {
    let store = try await FileStore(path: folder.path)
    let record = try await PreferencesBook(store: store).record(of: userID)
    try await store.close()
    return record.preferences.currency
  }

  /// A device whose calls have all the time that a busy machine needs: none is given up because it is slow.
  func device(
    _ name: String, store: any KeyValueStore = InMemoryStore(), monitor: NetworkMonitor? = nil,
    resolver: any ConflictResolver = LastWins(), configuration: QueueConfiguration = QueueConfiguration()
  ) async throws -> PreferencesDevice {
    var configuration = configuration
    // Whatever was asked for: it stands behind the limit of a call.
    configuration.attemptTimeout = .seconds(120)
    return try await PreferencesDevice.open(
      name, store: store, port: port, monitor: monitor, logger: Self.quiet, resolver: resolver,
      configuration: configuration, timeout: .seconds(60))
  }

  static var quiet: Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }

  private static let server = ChildProgram.built("example-preferences-server")

  /// What a program prints until it ends.
  static func output(of name: String, _ arguments: [String]) async throws -> [String] {
    let process = Process()
    let output = Pipe()
    let (ends, end) = AsyncStream<Void>.makeStream()
    process.executableURL = URL(filePath: ChildProgram.built(name))
    process.arguments = arguments
    process.standardOutput = output
    process.terminationHandler = { _ in end.finish() }
    try process.run()
    for await _ in ends {}
    #expect(process.terminationStatus == 0)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    return text.split(separator: "\n").map(String.init)
  }
}

/// Every conflict is decided for the edit.
struct LastWins: ConflictResolver {
  func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult { .applyLocal }
}

/// Runs `body` while `devices` are connected and deliver.
func whileRunning(_ devices: [PreferencesDevice], _ body: () async throws -> Void) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for device in devices { group.addTask { try await device.run() } }
    try await body()
    group.cancelAll()
  }
}
