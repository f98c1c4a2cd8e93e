package import Logging
import PreferencesExample
import TomboloNetwork
import TomboloOffline
import TomboloPorts
import TomboloStorage

/// A server in a process of its own and two devices: conflicting edits while both are offline, and what everybody has in the end.
package struct IntegrationExample: Sendable {
  private let server: String
  private let folder: String
  private let logger: Logger

  /// - Parameters:
  ///   - server: the path of the program `example-preferences-server`.
  ///   - folder: where the server keeps its store.
  package init(server: String, folder: String, logger: Logger) {
    self.server = server
    self.folder = folder
    self.logger = logger
  }

  package func run(print: @escaping @Sendable (String) -> Void) async throws {
    let process = try await PreferencesServerProcess(program: server, folder: folder)
    defer { process.kill() }
    let phone = try await device("phone", port: process.port)
    let tablet = try await device("tablet", port: process.port)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await phone.run() }
      group.addTask { try await tablet.run() }
      try await play(phone, tablet, print)
      group.cancelAll()
    }
  }

  /// A device whose calls have the time that a busy machine may need: one that is given up as slow would tell another story.
  private func device(_ name: String, port: Int) async throws -> PreferencesDevice {
    try await PreferencesDevice.open(
      name, store: InMemoryStore(), port: port, logger: logger, timeout: .seconds(60))
  }

  private func play(
    _ phone: PreferencesDevice, _ tablet: PreferencesDevice, _ print: @Sendable (String) -> Void
  ) async throws {
    for device in [phone, tablet] { device.monitor.setOverride(.online) }
    try await phone.preferences.setPreferredCurrency("EUR", of: "7")
    print("online: the tablet reads \(try await line(tablet.preferences))")

    for device in [phone, tablet] { device.monitor.setOverride(.offline) }
    try await phone.preferences.setPreferredCurrency("BTC", of: "7")
    try await phone.preferences.setTheme("dark", of: "7")
    try await tablet.preferences.setPreferredCurrency("CHF", of: "7")
    try await tablet.preferences.setLanguage("de", of: "7")
    print("offline: the phone reads \(try await line(phone.preferences))")
    print("offline: the tablet reads \(try await line(tablet.preferences))")
    print("offline: the server has \(try await line(phone.online))")

    try await tablet.comeBack()
    print("the tablet is back: the server has \(try await line(tablet.online))")
    try await phone.comeBack()
    print("the phone is back: the server has \(try await line(phone.online))")
    // Both devices changed the currency, the tablet last.
    for notice in try await phone.factory.documents.read("7").notices {
      print("the phone is told: \(notice.kind) was taken back, for \(notice.reason)")
    }

    let ends = [
      try await line(phone.preferences), try await line(tablet.preferences), try await line(phone.online),
    ]
    print(Set(ends).count == 1 ? "phone, tablet and server agree: \(ends[0])" : "they differ: \(ends)")
  }

  private func line(_ service: any UserPreferences) async throws -> String {
    let preferences = try await service.preferences(of: "7")
    return "\(preferences.currency), \(preferences.theme), \(preferences.language)"
  }
}
