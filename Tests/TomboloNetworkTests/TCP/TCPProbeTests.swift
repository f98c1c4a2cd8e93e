import Testing
import TomboloNetwork
import TomboloPorts
import TomboloTesting

@Suite(.timeLimit(.minutes(5))) struct TCPProbeTests {
  /// Stands still, so that no check is over but by its answer, however long that takes.
  private let time = ManualTimeSource()

  @Test("a listener is online, by address and by name", arguments: ["127.0.0.1", "localhost"])
  func listening(host: String) async throws {
    let listener = try TCPListener()
    let result = await TCPProbe(host: host, port: listener.port, time: time).check()
    #expect(result == ProbeResult(.online, detail: "\(host):\(listener.port) accepts connections"))
    withExtendedLifetime(listener) {}
  }

  @Test("a listener on IPv6 is online")
  func listeningIPv6() async throws {
    let listener: TCPListener
    do {
      listener = try TCPListener(isIPv6: true)
    } catch let error as TCPListener.SystemError where error.isMissingFamily {
      return  // This machine has no IPv6.
    }
    let probe = TCPProbe(host: "::1", port: listener.port, time: time)
    #expect(probe.target == "tcp [::1]:\(listener.port)")
    #expect(await probe.check().condition == .online)
    withExtendedLifetime(listener) {}
  }

  @Test("a closed port is limited, and says that it refused")
  func refused() async throws {
    let closed = try TCPListener.makeClosedPort()
    let result = await TCPProbe(host: "127.0.0.1", port: closed.port, time: time).check()
    #expect(result == ProbeResult(.limited, detail: "connection refused by 127.0.0.1:\(closed.port)"))
    withExtendedLifetime(closed) {}
  }

  @Test("a black hole is limited when the time limit passes, on the probe's own clock")
  func blackHole() async throws {
    let listener = try TCPListener(backlog: 0)
    listener.fillBacklog()
    let probe = TCPProbe(host: "127.0.0.1", port: listener.port, timeout: .seconds(2), time: time)
    async let result = probe.check()
    await time.waitForSleepers()
    time.advance(by: .seconds(2))
    #expect(
      await result == ProbeResult(.limited, detail: "no answer from 127.0.0.1:\(listener.port) within 2.0 seconds"))
    withExtendedLifetime(listener) {}
  }

  @Test("a cancelled check ends at once, and leaves nothing behind that hinders later ones")
  func cancellation() async throws {
    let listener = try TCPListener(backlog: 0)
    listener.fillBacklog()
    let probe = TCPProbe(host: "127.0.0.1", port: listener.port, time: time)
    for _ in 0..<100 {
      await withTaskGroup(of: ProbeResult.self) { group in
        group.addTask { await probe.check() }
        // At whatever point of the check this comes: a check that ends by itself never sleeps, so there is none to wait for.
        await Task.yield()
        group.cancelAll()
        for await result in group { #expect(result.condition == .limited) }
      }
    }
    while probe.threadCount > 0 { await Task.yield() }
    withExtendedLifetime(listener) {}
  }

  @Test("a name that does not exist is limited, and names it")
  func unknownName() async {
    // No name has a part of more than 63 letters (RFC 1035, section 2.3.4), so that no server needs to be asked.
    let host = String(repeating: "a", count: 64) + ".invalid"
    let result = await TCPProbe(host: host, port: 1, time: time).check()
    #expect(result.condition == .limited)
    #expect(result.detail.hasPrefix("cannot look up \(host): "))
  }

  @Test("many checks leave no descriptor and no thread behind")
  func leaks() async throws {
    let listener = try TCPListener()
    let probe = TCPProbe(host: "127.0.0.1", port: listener.port, time: time)
    var conditions: Set<NetworkStatus.Condition> = []
    for _ in 0..<1_000 {
      conditions.insert(await probe.check().condition)
      let isClosed = listener.isNextConnectionClosed()
      #expect(isClosed)
      if !isClosed { break }
    }
    #expect(conditions == [.online])
    while probe.threadCount > 0 { await Task.yield() }
    // The system hands out the lowest free number: one that stays high would tell of those that were left open. Those of other
    // tests come and go.
    var lowest = try TCPListener().descriptor
    for _ in 0..<600 where lowest >= 500 {
      try await Task.sleep(for: .milliseconds(100))
      lowest = try TCPListener().descriptor
    }
    #expect(lowest < 500)
    withExtendedLifetime(listener) {}
  }

  @Test("a socket connected to itself is recognised, one connected to a listener is not")
  func selfConnection() throws {
    let own = try TCPListener.makeSelfConnected()
    #expect(isSelfConnected(own.descriptor))

    let listener = try TCPListener()
    listener.fillBacklog()
    #expect(listener.fillers.allSatisfy { !isSelfConnected($0) })
  }
}
