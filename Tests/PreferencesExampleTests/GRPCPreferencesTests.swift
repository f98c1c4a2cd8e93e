import PreferencesExample
import PreferencesService
import Testing
import TomboloNetwork
import TomboloOffline
import TomboloPorts
import TomboloQueue
import TomboloStorage

@Suite("Preferences over gRPC, with the server in a process of its own", .timeLimit(.minutes(10)))
struct GRPCPreferencesTests {
  @Test(
    "set to BTC as critical while offline, it is at the server at once and at the first attempt when connectivity returns"
  )
  func happyPath() async throws {
    try await PreferencesScene.with { scene in
      var configuration = QueueConfiguration()
      (configuration.pilotInterval, configuration.pilotIntervalMaximum) = (.seconds(3_600), .seconds(3_600))
      let device = try await scene.device("phone", configuration: configuration)
      try await whileRunning([device]) {
        device.monitor.setOverride(.online)
        try await device.preferences.setPreferredCurrency("EUR", of: "7")
        #expect(try await device.online.preferences(of: "7").currency == "EUR")
        // The server is gone, and the network with it.
        scene.kill()
        device.monitor.setOverride(.offline)
        // The device's connection has noticed: what comes next connects anew.
        await #expect(throws: DeliveryFailure.self) { _ = try await device.online.preferences(of: "7") as Preferences }
        try await device.preferences.setPreferredCurrency("BTC", of: "7")
        #expect(try await device.preferences.preferences(of: "7").currency == "BTC")
        let waiting = try await device.offline.queue.list().snapshots
        #expect(waiting.map(\.operation.priority) == [.critical])
        #expect(waiting.map(\.attemptCount) == [0])
        try await scene.restart()
        let events = device.offline.queue.events()
        let returned = ContinuousClock.now
        device.monitor.setOverride(.online)
        var changes: [QueueEvent.Change] = []
        for await event in events {
          changes.append(event.change)
          if case .started = event.change {
            // By the change of the status, and not by what is tried now and then: that would be an hour later.
            #expect(ContinuousClock.now - returned < .seconds(60), "from the change of the status to the attempt")
          }
          if case .delivered = event.change { break }
        }
        // A busy machine takes its time for the call itself.
        let duration = ContinuousClock.now - returned
        #expect(duration < .seconds(90), "from the change of the status to delivered")
        #expect(changes == [.started(attempt: 1), .delivered(attempt: 1)])
        #expect(try await device.online.preferences(of: "7").currency == "BTC")
        #expect(try await device.waitingCount() == 0)
      }
    }
  }

  @Test(
    "with a probe of the server's port and nobody who says so, what waits is delivered once the server is there again")
  func probed() async throws {
    try await PreferencesScene.with { scene in
      let monitor = NetworkMonitor(
        // A busy machine is no reason to call the server away.
        probe: TCPProbe(host: "127.0.0.1", port: scene.port, timeout: .seconds(60)),
        configuration: NetworkMonitorConfiguration(probeInterval: .milliseconds(100), damping: nil),
        logger: PreferencesScene.quiet)
      let device = try await scene.device("phone", monitor: monitor)
      try await whileRunning([device]) {
        try await device.preferences.setPreferredCurrency("EUR", of: "7")
        scene.kill()
        for await status in monitor.statuses() where !status.isOnline { break }
        try await device.preferences.setPreferredCurrency("BTC", of: "7")
        #expect(try await device.preferences.preferences(of: "7").currency == "BTC")
        #expect(try await device.waitingCount() == 1)
        let events = device.offline.queue.events()
        try await scene.restart()
        for await event in events {
          if case .delivered = event.change { break }
        }
        let copy: ServerCopy<Preferences> = try await device.online.preferences(of: "7")
        #expect((copy.document?.currency, copy.version) == ("BTC", 2))
        for await status in monitor.statuses() where status.isOnline { break }
        #expect(try await device.waitingCount() == 0)
      }
    }
  }

  @Test("the server gone without anybody knowing, an edit is queued, and there again it is delivered once")
  func unknownOutage() async throws {
    try await PreferencesScene.with { scene in
      let device = try await scene.device("phone")
      try await whileRunning([device]) {
        device.monitor.setOverride(.online)
        try await device.preferences.setPreferredCurrency("EUR", of: "7")
        scene.kill()
        try await device.preferences.setPreferredCurrency("BTC", of: "7")
        #expect(try await device.preferences.preferences(of: "7").currency == "BTC")
        // Looked at before it is there again: from then on the worker may be quicker than a question.
        #expect(try await scene.storedCurrency(of: "7") == "EUR")
        try await scene.restart()
        try await device.comeBack()
        let after: ServerCopy<Preferences> = try await device.online.preferences(of: "7")
        #expect(after.document?.currency == "BTC")
        #expect(after.version == 2)
      }
    }
  }

  @Test("online with an operation of its key still queued, a new edit does not overtake it")
  func noOvertaking() async throws {
    try await PreferencesScene.with { scene in
      let device = try await scene.device("phone")
      let watcher = try await scene.device("watcher")
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await device.online.run() }
        group.addTask { await watcher.online.run() }
        device.monitor.setOverride(.offline)
        try await device.preferences.setPreferredCurrency("BTC", of: "7")
        device.monitor.setOverride(.online)
        // No worker runs yet: the operation stays queued though the network is there.
        try await device.preferences.setTheme("dark", of: "7")
        try await device.preferences.setPreferredCurrency("CHF", of: "7")
        let copy: ServerCopy<Preferences> = try await watcher.online.preferences(of: "7")
        #expect(copy.version == 0)
        let queued = try await device.offline.queue.list().snapshots.map(\.operation.idempotencyKey)
        #expect(queued.count == 3)
        // Another user's edit overtakes nobody, and is sent.
        try await device.preferences.setPreferredCurrency("JPY", of: "8")
        #expect(try await watcher.online.preferences(of: "8").currency == "JPY")
        try await device.worker.drain()
        let reached = await scene.nextEdits(4)
        #expect(Array(reached.dropFirst()) == queued)
        let end = try await watcher.online.preferences(of: "7") as Preferences
        #expect(end.currency == "CHF")
        #expect(end.theme == "dark")
        group.cancelAll()
      }
    }
  }

  @Test("the server counts an edit once, also after it was killed in between")
  func idempotency() async throws {
    try await PreferencesScene.with { scene in
      let device = try await scene.device("phone")
      try await whileRunning([device]) {
        let edit = SetTheme(userID: "7", theme: "dark", basedOn: 0)
        #expect(try await device.online.apply(edit, idempotencyKey: "k").version == 1)
        #expect(try await device.online.apply(edit, idempotencyKey: "k").version == 1)
        scene.kill()
        try await scene.restart()
        // The first call may find the connection that broke.
        let version = try await retrying { try await device.online.apply(edit, idempotencyKey: "k").version }
        #expect(version == 1)
      }
    }
  }

  @Test("a field that another device changed since is a conflict; other fields are not, nor one's own edits")
  func conflicts() async throws {
    try await PreferencesScene.with { scene in
      let (phone, tablet) = (try await scene.device("phone"), try await scene.device("tablet"))
      try await whileRunning([phone, tablet]) {
        let first = SetTheme(userID: "7", theme: "dark", basedOn: 0)
        let own = SetTheme(userID: "7", theme: "grey", basedOn: 0)
        let other = SetLanguage(userID: "7", language: "de", basedOn: 0)
        let late = SetTheme(userID: "7", theme: "light", basedOn: 0)
        _ = try await phone.online.apply(first, idempotencyKey: "1")
        #expect(try await phone.online.apply(own, idempotencyKey: "2").version == 2)
        #expect(try await tablet.online.apply(other, idempotencyKey: "3").version == 3)
        let conflict = await #expect(throws: PreferencesConflict.self) {
          try await tablet.online.apply(late, idempotencyKey: "4")
        }
        let remote = try #require(conflict?.remote)
        #expect(remote.tag == "3")
        #expect(remote.modifiedAt != nil)
        let forced = try await tablet.online.apply(late, idempotencyKey: "4", editedAt: nil, replacing: remote)
        #expect(forced.document?.theme == "light")
      }
    }
  }

  @Test("what the server refuses for good is taken back, and the program is told which edit and why")
  func refused() async throws {
    try await PreferencesScene.with { scene in
      let device = try await scene.device("phone")
      try await whileRunning([device]) {
        device.monitor.setOverride(.offline)
        try await device.preferences.setPreferredCurrency("GOLD", of: "7")
        #expect(try await device.preferences.preferences(of: "7").currency == "GOLD")
        try await device.comeBack()
        let notice = device.notices.first
        #expect(notice?.kind == "preferences.setCurrency")
        #expect(notice?.reason == "a currency has three capital letters")
        #expect(try await device.preferences.preferences(of: "7").currency == "USD")
        // Online it is refused to the caller's face.
        let error = await #expect(throws: OfflineError.self) {
          try await device.preferences.setPreferredCurrency("GOLD", of: "7")
        }
        #expect(error?.code == .refused)
      }
    }
  }

  @Test("with nobody there, the plain service fails, and says that the user can do something")
  func unreachable() async throws {
    try await PreferencesScene.with { scene in
      scene.kill()
      let device = try await scene.device("phone")
      try await whileRunning([device]) {
        let error = await #expect(throws: DeliveryFailure.self) {
          try await device.online.setPreferredCurrency("EUR", of: "7")
        }
        #expect(error?.code == .unreachable)
        #expect(error.map { FailureAudience(of: $0) } == .user)
      }
    }
  }

  private func retrying<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
    do {
      return try await body()
    } catch let failure as DeliveryFailure where failure.code == .unreachable {
      return try await body()
    }
  }
}

@Suite("The runnable examples", .timeLimit(.minutes(10)))
struct ExampleProgramTests {
  @Test("basic: what it prints")
  func basic() async throws {
    #expect(
      try await PreferencesScene.output(of: "preferences-example", []) == [
        "online: the server has EUR",
        "offline: the program reads BTC",
        "offline: 1 operation waits",
        "offline: the server has EUR",
        "back: the server has BTC",
        "back: 0 operations wait",
      ])
  }

  @Test("integration: a server process, two devices, conflicting edits, convergence")
  func integration() async throws {
    #expect(
      try await PreferencesScene.output(of: "preferences-example", ["integration"]) == [
        "online: the tablet reads EUR, light, en",
        "offline: the phone reads BTC, dark, en",
        "offline: the tablet reads CHF, light, de",
        "offline: the server has EUR, light, en",
        "the tablet is back: the server has CHF, light, de",
        "the phone is back: the server has CHF, dark, de",
        "the phone is told: preferences.setCurrency was taken back, for the upstream's version stands: another device changed the currency since",
        "phone, tablet and server agree: CHF, dark, de",
      ])
  }
}
