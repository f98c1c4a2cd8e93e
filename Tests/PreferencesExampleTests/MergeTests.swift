import PreferencesExample
import PreferencesService
import Testing
import TomboloNetwork
import TomboloOffline
import TomboloPorts
import TomboloQueue

@Suite("Whole preferences, merged field by field over gRPC", .timeLimit(.minutes(10)))
struct MergeTests {
  @Test("two devices that changed different fields while apart both keep their change, and neither is told of a loss")
  func differentFields() async throws {
    try await PreferencesScene.with { scene in
      let resolver = ThreeWayMergeConflictResolver(onContradiction: .park)
      let phone = try await scene.device("phone", resolver: resolver)
      let tablet = try await scene.device("tablet", resolver: resolver)
      try await whileRunning([phone, tablet]) {
        try await apart(phone, tablet) {
          $0.theme = "dark"
        } and: {
          $0.language = "de"
        }
        try await tablet.comeBack()
        try await phone.comeBack()
        for device in [phone, tablet] {
          let end = try await device.preferences.preferences(of: "7")
          #expect([end.currency, end.theme, end.language] == ["EUR", "dark", "de"])
          #expect(device.notices.isEmpty)
          #expect(try await device.waitingCount() == 0)
        }
        let copy: ServerCopy<Preferences> = try await phone.online.preferences(of: "7")
        #expect(copy.version == 3)
      }
    }
  }

  @Test(
    "of a field that both changed, what the resolver is told to take stands, and what only one changed stays",
    arguments: [(ThreeWayMergeConflictResolver.Contradiction.local, "BTC"), (.remote, "CHF")])
  func sameField(_ side: ThreeWayMergeConflictResolver.Contradiction, _ expected: String) async throws {
    try await PreferencesScene.with { scene in
      let resolver = ThreeWayMergeConflictResolver(onContradiction: side)
      let phone = try await scene.device("phone", resolver: resolver)
      let tablet = try await scene.device("tablet", resolver: resolver)
      try await whileRunning([phone, tablet]) {
        try await apart(phone, tablet) {
          ($0.currency, $0.theme) = ("BTC", "dark")
        } and: {
          ($0.currency, $0.language) = ("CHF", "de")
        }
        try await tablet.comeBack()
        try await phone.comeBack()
        for device in [phone, tablet] {
          let end = try await device.preferences.preferences(of: "7")
          #expect([end.currency, end.theme, end.language] == [expected, "dark", "de"])
        }
      }
    }
  }

  @Test("where a person is to decide, both versions wait, and the one that is chosen stands")
  func byHand() async throws {
    try await PreferencesScene.with { scene in
      let resolver = ThreeWayMergeConflictResolver(onContradiction: .park)
      let phone = try await scene.device("phone", resolver: resolver)
      let tablet = try await scene.device("tablet", resolver: resolver)
      try await whileRunning([phone, tablet]) {
        try await apart(phone, tablet) {
          $0.currency = "BTC"
        } and: {
          $0.currency = "CHF"
        }
        try await tablet.comeBack()
        try await phone.comeBack()
        #expect(try await phone.online.preferences(of: "7").currency == "CHF")
        #expect(try await phone.preferences.preferences(of: "7").currency == "BTC")
        let parked = try await phone.offline.queue.list(OperationFilter(state: .parked)).snapshots
        let snapshot = try #require(parked.first)
        #expect(parked.count == 1)
        #expect(snapshot.conflict?.payload.map { String(decoding: $0, as: UTF8.self).contains("CHF") } == true)
        let events = phone.offline.queue.events()
        try await phone.offline.queue.resolve(snapshot.operation.id, with: .local)
        for await event in events {
          if case .delivered = event.change { break }
        }
        #expect(try await tablet.preferences.preferences(of: "7").currency == "BTC")
      }
    }
  }

  /// Both devices know the same preferences, go offline, and change them.
  private func apart(
    _ phone: PreferencesDevice, _ tablet: PreferencesDevice, _ first: @escaping (inout Preferences) -> Void,
    and second: @escaping (inout Preferences) -> Void
  ) async throws {
    for device in [phone, tablet] { device.monitor.setOverride(.online) }
    try await phone.preferences.setPreferredCurrency("EUR", of: "7")
    for (device, change) in [(phone, first), (tablet, second)] {
      var preferences = try await device.preferences.preferences(of: "7")
      change(&preferences)
      device.monitor.setOverride(.offline)
      try await device.preferences.setPreferences(preferences, of: "7")
    }
  }
}
