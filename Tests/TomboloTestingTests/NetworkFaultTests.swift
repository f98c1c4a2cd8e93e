import Foundation
import Synchronization
import Testing
import TomboloPorts

@testable import TomboloTesting

@Suite("Patterns of network faults")
struct NetworkFaultPatternTests {
  private static func faults(
    _ pattern: NetworkFaultPattern, _ count: Int, every step: Duration = .seconds(1), seed: UInt64 = 1
  ) -> String {
    let book = NetworkFaultBook(pattern, seed: seed)
    return (0..<count).map { book.next(at: .seconds(100) + step * $0) == .none ? "." : "x" }.joined()
  }

  @Test("The first n, for a while, flapping, one after the other, or one where the other lets through")
  func patterns() {
    #expect(Self.faults(.first(3, .refused), 6) == "xxx...")
    #expect(Self.faults(.during(.seconds(4), .status(503)), 6) == "xxxx..")
    #expect(Self.faults(.flapping(up: .seconds(2), down: .seconds(1), .halfOpen), 9) == "..x..x..x")
    #expect(Self.faults(.script([.none, .refused, .none, .truncated(byteCount: 1)]), 6) == ".x.x..")
    #expect(Self.faults(.first(1, .refused).or(.flapping(up: .seconds(4), down: .seconds(1), .refused)), 6) == "x...x.")
    #expect(Self.faults(.always(.refused), 3) == "xxx")
    #expect(Self.faults(.none, 3) == "...")
  }

  @Test("A rate is kept, and the seed says which calls it is", arguments: [0.0, 0.1, 0.5, 1.0])
  func rate(share: Double) {
    let found = Self.faults(.rate(share, .refused), 10_000)
    #expect(abs(found.count { $0 == "x" } - Int(share * 10_000)) < 200)
    #expect(Self.faults(.rate(share, .refused), 10_000) == found)
    if share > 0, share < 1 { #expect(Self.faults(.rate(share, .refused), 10_000, seed: 2) != found) }
  }

  @Test("Another pattern begins with its own first call")
  func another() {
    let book = NetworkFaultBook(.first(1, .refused), seed: 1)
    #expect((0..<2).map { book.next(at: .seconds($0)) } == [.refused, .none])
    book.set(.during(.seconds(1), .halfOpen))
    #expect([5, 6].map { book.next(at: .seconds($0)) } == [.halfOpen, .none])
  }
}

@Suite("NetworkFaultProxy", .timeLimit(.minutes(10)))
struct NetworkFaultProxyTests {
  /// A server that answers each connection's first bytes with a fixed text, and counts what it was asked.
  private final class Server: Sendable {
    static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    let port: UInt16
    private let listener: LoopbackSocket
    private let asked = Mutex(0)

    init() throws {
      (listener, port) = try LoopbackSocket.listening()
      Thread.detachNewThread { [self] in
        while let client = listener.accepted() {
          if !client.read().isEmpty { asked.withLock { $0 += 1 } }
          client.write(Array(Self.answer.utf8))
          client.shut()
        }
      }
    }

    var askedCount: Int { asked.withLock { $0 } }
    func stop() { listener.shut() }
  }

  /// A connection; `nil` when it was reset before `connect` has returned, as a fast proxy and a slow client can have it.
  private static func connection(to port: UInt16) throws -> LoopbackSocket? {
    do {
      return try LoopbackSocket.connected(to: port)
    } catch let failure as LoopbackSocket.Failure where failure.isReset {
      return nil
    }
  }

  /// What a client gets for one request, on a thread that may block.
  private static func ask(_ port: UInt16) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(
          with: Result {
            guard let socket = try Self.connection(to: port) else { return "" }
            socket.write(Array("POST / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            var answer: [UInt8] = []
            while true {
              let more = socket.read()
              if more.isEmpty { return String(decoding: answer, as: UTF8.self) }
              answer += more
            }
          })
      }
    }
  }

  @Test("Each connection meets its fault, and the server sees only those that go through")
  func faults() async throws {
    let server = try Server()
    let script: [NetworkFault] = [
      .refused, .truncated(byteCount: 10), .status(503), .latency(.milliseconds(30)), .none,
    ]
    let proxy = try NetworkFaultProxy(to: server.port, .script(script))
    defer {
      proxy.stop()
      server.stop()
    }
    var answers: [String] = []
    for _ in script { answers.append(try await Self.ask(proxy.port)) }
    #expect(
      answers == [
        "", "HTTP/1.1 2", "HTTP/1.1 503 Fault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", Server.answer,
        Server.answer,
      ])
    #expect(server.askedCount == 3)
    #expect(proxy.records.map(\.fault) == script)
    // From accepting the late one to accepting the next there is the delay at least.
    #expect(try #require(proxy.records.intervals.last) >= .milliseconds(30))
  }

  @Test("A socket that was reset leaves alone whoever has its descriptor's number now")
  func numberGivenAgain() throws {
    let (listener, port) = try LoopbackSocket.listening()
    for _ in 0..<20 {
      let reset = try LoopbackSocket.connected(to: port)
      reset.reset()
      let next = try LoopbackSocket.connected(to: port)
      reset.shut()
      reset.shutWriting()
      #expect(reset.read().isEmpty && !reset.write([1]))
      #expect(next.write([2]))
    }
    listener.shut()
  }

  @Test("A half-open connection is never answered, until the proxy is stopped")
  func halfOpen() async throws {
    let server = try Server()
    let proxy = try NetworkFaultProxy(to: server.port, .always(.halfOpen))
    async let answer = Self.ask(proxy.port)
    while proxy.records.isEmpty { await Task.yield() }
    proxy.stop()
    #expect(try await answer == "")
    #expect(server.askedCount == 0)
    server.stop()
  }

  @Test("Connections that are open can be broken, and the next one meets the pattern")
  func breaking() async throws {
    let server = try Server()
    let proxy = try NetworkFaultProxy(to: server.port, .always(.halfOpen))
    defer {
      proxy.stop()
      server.stop()
    }
    async let answer = Self.ask(proxy.port)
    while proxy.records.isEmpty { await Task.yield() }
    proxy.setPattern(.none)
    async let next = Self.ask(proxy.port)
    #expect(try await next == Server.answer)
    // The connection is noted before it is held, by a thread that may be late: broken until that has found it.
    let breaking = Task {
      while !Task.isCancelled {
        proxy.breakConnections()
        await Task.yield()
      }
    }
    defer { breaking.cancel() }
    #expect(try await answer == "")
    #expect(server.askedCount == 1)
  }

  @Test("A server that is not there is met as a connection that breaks")
  func absent() async throws {
    let server = try Server()
    server.stop()
    let proxy = try NetworkFaultProxy(to: 1, .none)
    defer { proxy.stop() }
    #expect(try await Self.ask(proxy.port) == "")
  }
}

@Suite("ReservedPort")
struct ReservedPortTests {
  @Test("While nobody listens there whoever connects is refused")
  func refused() throws {
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    let port = try #require(UInt16(exactly: reserved.number))
    for _ in 0..<20 {
      #expect(throws: LoopbackSocket.Failure.self) { _ = try LoopbackSocket.connected(to: port) }
    }
  }

  @Test("Nobody else is given it")
  func kept() throws {
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    for _ in 0..<100 {
      let others = [Int(try LoopbackSocket.listening().port), try ReservedPort().number]
      #expect(!others.contains(reserved.number))
    }
  }
}
