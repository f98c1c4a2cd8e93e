import FileStorage
import Foundation
import PreferencesExample
import Testing
import TomboloNetwork
import TomboloOffline
import TomboloPorts
import TomboloQueue
import TomboloResilience
import TomboloStorage
import TomboloTesting

@testable import PreferencesService

/// Two devices that reach one server through a proxy each, driven by one seed: edits, partitions that are known and unknown, answers that
/// break off, a server that is killed, devices that are started anew.
struct PartitionedDevices {
  private struct Device {
    var name: String
    var store = InMemoryStore()
    var proxy: NetworkFaultProxy
    /// The edits that were asked for, in order.
    var written: [String] = []
  }

  private static let userID = "7"

  private let scene: PreferencesScene
  private let seed: UInt64
  private let resolver: any ConflictResolver
  private let writesAll: Bool

  /// - Parameter writesAll: whether an edit says what all fields are to be, instead of one.
  init(_ scene: PreferencesScene, seed: UInt64, resolver: any ConflictResolver, writesAll: Bool = false) {
    self.scene = scene
    self.seed = seed
    self.resolver = resolver
    self.writesAll = writesAll
  }

  func run() async throws {
    var random = SeededGenerator(seed: seed)
    var devices: [Device] = []
    for (index, name) in ["phone", "tablet"].enumerated() {
      let proxy = try NetworkFaultProxy(to: UInt16(scene.port), seed: seed &+ UInt64(index))
      devices.append(Device(name: name, proxy: proxy))
    }
    defer { for device in devices { device.proxy.stop() } }
    for life in 1...3 {
      let running = try await devices.asyncMap { try await open($0, timeout: .milliseconds(400)) }
      try await whileRunning(running) {
        for step in 1...12 {
          let index = Int.random(in: 0...1, using: &random)
          try await play(running[index], &devices[index], number: life * 100 + step, &random)
        }
      }
    }
    for device in devices { device.proxy.setPattern(.none) }
    // Nothing is broken from here on, so that whatever does not answer is merely slow.
    let running = try await devices.asyncMap { try await open($0, timeout: .seconds(60)) }
    try await whileRunning(running) {
      for device in running { try await settle(device) }
      let truth: ServerCopy<Preferences> = try await running[0].online.preferences(of: Self.userID)
      for (index, device) in running.enumerated() {
        // Before it asks again: of the version that it believes to have it holds what the server has.
        let held = try await composite(device).documents.read(Self.userID)
        #expect(held.version ?? 0 <= truth.version ?? 0, "seed \(seed), \(devices[index].name)")
        if held.version == truth.version {
          #expect(held.base == truth.document, "seed \(seed), \(devices[index].name)")
        }
        let end = try await composite(device).read(Self.userID) { try await device.online.preferences(of: $0) }
        #expect(end.source == .server && end.value == truth.document, "seed \(seed), \(devices[index].name)")
        #expect(end.pending.isEmpty, "seed \(seed), \(devices[index].name)")
      }
    }
    scene.kill()
    try await audit(devices)
  }

  private func open(_ device: Device, timeout: Duration) async throws -> PreferencesDevice {
    var configuration = QueueConfiguration()
    configuration.backoff = Backoff.constant(.milliseconds(50))
    // Being cut off without knowing it counts as attempts, and here it is most of the time.
    configuration.attemptsMaximum = 100_000
    let opened = try await PreferencesDevice.open(
      device.name, store: device.store, port: Int(device.proxy.port), logger: PreferencesScene.quiet,
      resolver: resolver, configuration: configuration, timeout: timeout)
    opened.monitor.setOverride(.online)
    return opened
  }

  /// As the service of the example writes, but with identities that the test knows.
  private func composite(_ device: PreferencesDevice) -> OfflineComposite<Preferences> {
    let documents = DocumentCollection(Preferences.self, in: device.offline)
      .edited(by: SetPreferredCurrency.self).edited(by: SetTheme.self).edited(by: SetLanguage.self)
      .edited(by: ReplacePreferences.self)
    return OfflineComposite(documents, network: device.monitor, onlineTimeout: .seconds(60))
  }

  private func play(
    _ running: PreferencesDevice, _ device: inout Device, number: Int, _ random: inout SeededGenerator
  ) async throws {
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<6:
      let id = "\(device.name)-\(number)"
      device.written.append(id)
      let composite = composite(running)
      let shown = try await composite.documents.read(Self.userID)
      let version = shown.version ?? 0
      if writesAll {
        var preferences = shown.value ?? Preferences()
        let fields = Int.random(in: 0..<3, using: &random)
        if fields != 0 { preferences.theme = id }
        if fields != 1 { preferences.language = id }
        let edit = ReplacePreferences(userID: Self.userID, preferences: preferences, basedOn: version)
        try await composite.write(edit, editID: id) { edit, id in
          try await running.online.apply(edit, idempotencyKey: id)
        }
      } else if Bool.random(using: &random) {
        let edit = SetTheme(userID: Self.userID, theme: id, basedOn: version)
        try await composite.write(edit, editID: id) { edit, id in
          try await running.online.apply(edit, idempotencyKey: id)
        }
      } else {
        let edit = SetLanguage(userID: Self.userID, language: id, basedOn: version)
        try await composite.write(edit, editID: id) { edit, id in
          try await running.online.apply(edit, idempotencyKey: id)
        }
      }
    case 6:
      device.proxy.setPattern(.always(.refused))
      device.proxy.breakConnections()
    case 7:
      // The next answers break off: the server has acted.
      device.proxy.setPattern(.first(3, .truncated(byteCount: Int.random(in: 20...250, using: &random))))
      device.proxy.breakConnections()
    case 8:
      device.proxy.setPattern(.always(.halfOpen))
      device.proxy.breakConnections()
    case 9: running.monitor.setOverride(.offline)
    case 10:
      device.proxy.setPattern(.none)
      device.proxy.breakConnections()
      running.monitor.setOverride(.online)
    default:
      scene.kill()
      try await scene.restart()
    }
  }

  /// Comes back, and has a person give up what is parked.
  private func settle(_ device: PreferencesDevice) async throws {
    device.monitor.setOverride(.offline)
    try await device.comeBack()
    for parked in try await device.offline.queue.list(OperationFilter(state: .parked)).snapshots {
      try await device.offline.queue.discard(parked.operation.id, reason: "by hand")
    }
    #expect(try await device.waitingCount() == 0, "seed \(seed)")
  }

  /// Looks at the server's store and the devices': each edit is at the server once, or was taken back with a notice.
  private func audit(_ devices: [Device]) async throws {
    let store = try await FileStore(path: scene.folder.path)
    let accepted = try await PreferencesBook(store: store).record(of: Self.userID).recentEdits
    try await store.close()
    #expect(Set(accepted).count == accepted.count, "seed \(seed)")
    for device in devices {
      let offline = try await OfflineStore.open(store: device.store, logger: PreferencesScene.quiet)
      let notices = try await DocumentCollection(Preferences.self, in: offline).read(Self.userID).notices
      let told = Set(notices.map(\.editID))
      for id in device.written {
        #expect(accepted.contains(id) != told.contains(id), "seed \(seed): \(id), and there: \(accepted)")
      }
      // None overtook another.
      let own = accepted.filter { device.written.contains($0) }
      #expect(own == device.written.filter { accepted.contains($0) }, "seed \(seed)")
    }
  }
}

extension Array {
  fileprivate func asyncMap<Answer>(_ transform: (Element) async throws -> Answer) async throws -> [Answer] {
    var answers: [Answer] = []
    for element in self { answers.append(try await transform(element)) }
    return answers
  }
}
