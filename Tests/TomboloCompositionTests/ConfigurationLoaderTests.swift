import Foundation
import Logging
import Testing
import TomboloComposition
import TomboloPorts
import TomboloQueue

@Suite struct ConfigurationLoaderTests {
  private static let delivery = "delivery: { type: http, baseURL: 'http://localhost:1', token: hunter2 }\n"

  private func load(
    _ text: String = delivery, environment: [String: String] = [:], overrides: [String] = []
  ) throws -> Configuration {
    try ConfigurationLoader(registry: try FakePlugins.registry())
      .load(file: "t.yaml", text: text, environment: environment, overrides: overrides)
  }

  @Test("the settings carry the effective values, typed")
  func typed() throws {
    let text = """
      agent: { listen: "[::1]:7117", token: hunter2 }
      queue: { concurrency: 2, payloadMaximum: 64KiB, onPermanentFailure: block, conflict: { type: fields, prefer: [a] } }
      network: { probe: { type: tcp, port: 9000 } }
      logging: { level: debug, format: json }
      """
    let configuration = try load(text + "\n" + Self.delivery)
    #expect(configuration.agent.listen == .tcp(host: "::1", port: 7117))
    #expect(configuration.agent.token?.value == "hunter2")
    #expect(configuration.agent.shutdownGrace == .seconds(30))
    #expect(configuration.queue.concurrency == 2)
    #expect(configuration.queue.attemptsMaximum == 50)
    #expect(configuration.queue.payloadMaximum == 65_536)
    #expect(configuration.queue.onPermanentFailure == .block)
    #expect(configuration.queue.backoff.identifier == PluginIdentifier(.backoff, "exponential"))
    #expect(try configuration.queue.backoff.options.duration("initial") == .milliseconds(500))
    #expect(try configuration.queue.conflict.options.list("prefer") == [.string("a")])
    #expect(try configuration.network.probe?.options.integer("port") == 9_000)
    #expect(configuration.storage.identifier == PluginIdentifier(.storage, "sqlite"))
    #expect(configuration.logging.level == .debug)
    #expect(configuration.logging.format == .json)
  }

  @Test("a secret is hidden in what prints the settings, and in a dump of them")
  func secrets() throws {
    let configuration = try load("agent: { token: hunter2 }\n" + Self.delivery)
    var dumped = ""
    dump(configuration.agent, to: &dumped)
    #expect(!"\(configuration.agent)".contains("hunter2"))
    #expect(!dumped.contains("hunter2"))
    #expect(!configuration.text.contains("hunter2"))
  }

  @Test("a key can be explained: value, layer, the layers below, default and variable")
  func explain() throws {
    let configuration = try load(
      "queue: { concurrency: 3 }\n" + Self.delivery, environment: ["TOMBOLO_QUEUE_CONCURRENCY": "4"],
      overrides: ["queue.concurrency=5"])
    #expect(
      try configuration.explain("queue.concurrency").map(\.explanation) == [
        """
        queue.concurrency: 5
          How many operations are delivered at once. With more than one, what is delivered without an ordering key gives its place on while that is \
        stored, so up to twice as many may be delivered again after a crash; with 1 each is stored before the next starts.
          allowed: an integer from 1 to 10000
          set by: command line (queue.concurrency)
          instead of: environment variable TOMBOLO_QUEUE_CONCURRENCY
          instead of: t.yaml:1:23
          default: 16
          variable: TOMBOLO_QUEUE_CONCURRENCY
          change: by a reload
        """
      ])
    #expect(try configuration.explain("agent.token").first?.explanation.hasPrefix("agent.token: not set\n") == true)
    #expect(try configuration.explain("delivery.token").first?.value == "******")
    #expect(try configuration.explain("logging").map(\.path) == ["logging.level", "logging.format"])
    let error = #expect(throws: ConfigurationError.self) { try configuration.explain("queue.concurency") }
    #expect(error?.problems.first?.suggestion == "queue.concurrency")
  }

  @Test("a program can read the code, the place and the suggestion of a problem")
  func problemFields() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try load("logging: { level: inf }\n" + Self.delivery)
    }
    let problem = try #require(error?.problems.first)
    #expect(problem.code == .wrongType)
    #expect(problem.path == "logging.level")
    #expect(problem.origin == .file(SourcePosition(file: "t.yaml", line: 1, column: 19)))
    #expect(problem.value == "inf")
    #expect(problem.suggestion == "info")
  }

  @Test("the config is read from its file; one that is not there is an error that names it")
  func readsFile() throws {
    let loader = ConfigurationLoader(registry: try FakePlugins.registry())
    let url = FileManager.default.temporaryDirectory.appending(path: "tombolo-\(UUID().uuidString).yaml")
    let error = #expect(throws: ConfigurationError.self) { try loader.load(file: url.path) }
    #expect(error?.problems.map(\.code) == [.unreadable])
    #expect("\(try #require(error))".contains("\(url.path):1:1: cannot be read: there is no such file"))
    try Self.delivery.write(to: url, atomically: true, encoding: .utf8)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: url) } }
    #expect(try loader.load(file: url.path).delivery.identifier.name == "http")
  }

  @Test("a text that aliases blow up is refused instead of filling the memory")
  func aliasBomb() throws {
    var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in 1...9 {
      let alias = "*a\(level - 1)"
      lines.append("a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]")
    }
    let error = #expect(throws: ConfigurationError.self) { try load(lines.joined(separator: "\n")) }
    #expect(error?.problems.contains { $0.message.hasSuffix("too many aliases?") } == true)
  }

  @Test("Windows line ends and a byte order mark move no position")
  func lineEnds() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try load("\u{FEFF}storage:\r\n  path: a\r\n  path: b\r\n" + Self.delivery)
    }
    #expect(error?.problems.map { "\($0.origin?.description ?? "")" } == ["t.yaml:3:3"])
  }

  @Test("a mistake in one layer does not hide those of another")
  func allLayers() {
    let error = #expect(throws: ConfigurationError.self) {
      try load("agnet: {}\n", environment: ["TOMBOLO_X": "1"], overrides: ["a=b"])
    }
    #expect(error?.problems.map(\.code) == [.unknownKey, .missing, .unknownKey, .unknownKey])
  }
}
