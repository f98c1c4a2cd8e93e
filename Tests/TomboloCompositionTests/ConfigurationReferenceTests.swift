import Foundation
import Testing
import TomboloPorts

@testable import TomboloComposition

@Suite struct ConfigurationReferenceTests {
  private let reference: ConfigurationReference
  private let schema: SchemaCheck

  init() throws {
    reference = ConfigurationReference(registry: try FakePlugins.registry())
    schema = try SchemaCheck(try reference.jsonSchema())
  }

  /// What an editor sees: the values of YAML's core schema.
  private static func value(of node: ConfigurationNode) -> Any {
    switch node.content {
    case .map(let fields):
      return Dictionary(fields.map { ($0.name, value(of: $0.node)) }, uniquingKeysWith: { first, _ in first })
    case .list(let items): return items.map { value(of: $0) }
    case .scalar(let text, let isPlain):
      guard isPlain else { return text }
      if node.isNull { return NSNull() }
      if let integer = Int(text) { return integer }
      if let number = Double(text) { return number }
      return ["true": true, "false": false][text] ?? text
    }
  }

  private static func root(of golden: GoldenCase) throws -> ConfigurationNode? {
    let answer = YAMLReader.read(JSONFile.withoutSurrogates(try golden.text()), file: golden.name)
    return answer.problems.isEmpty ? answer.root : nil
  }

  @Test("every good config passes the schema", arguments: try GoldenCase.all(in: "valid"))
  func valid(golden: GoldenCase) throws {
    guard let root = try Self.root(of: golden) else { return }
    #expect(schema.faults(in: Self.value(of: root)).isEmpty)
  }

  @Test("a key that there is not fails the schema, too", arguments: try GoldenCase.all(in: "invalid"))
  func unknownKeys(golden: GoldenCase) throws {
    guard let root = try Self.root(of: golden), case .map = root.content else { return }
    let text = try golden.text()
    do {
      _ = try ConfigurationLoader(registry: reference.registry).load(
        file: golden.name, text: text, environment: GoldenCase.environment(in: text),
        overrides: GoldenCase.directives("set", in: text))
    } catch {
      let strange = error.problems.filter { problem in
        if case .file = problem.origin { problem.code == .unknownKey || problem.code == .unknownPlugin } else { false }
      }
      guard !strange.isEmpty else { return }
      #expect(!schema.faults(in: Self.value(of: root)).isEmpty, "\(strange)")
    }
  }

  @Test("most other mistakes fail the schema, too")
  func otherMistakes() throws {
    for name in [
      "wrong-types.yaml", "bad-choices.yaml", "bad-durations.yaml", "bad-sizes.yaml", "limits-passed-by-one.yaml",
    ] {
      let root = try #require(try Self.root(of: GoldenCase(folder: "invalid", name: name)))
      #expect(!schema.faults(in: Self.value(of: root)).isEmpty, "\(name)")
    }
  }

  @Test("every key of the outside interface is declared")
  func fixedKeys() {
    let paths = Set(reference.keys.map(\.path))
    let promised = [
      "agent.listen", "storage.type", "storage.path", "queue.concurrency", "queue.backoff.type",
      "queue.backoff.initial",
      "queue.backoff.multiplier", "queue.backoff.maximum", "queue.backoff.jitter", "queue.conflict.type",
      "network.probe.type", "network.probe.url", "network.probe.interval", "network.probe.timeout", "delivery.type",
      "delivery.baseURL",
    ]
    for path in promised { #expect(paths.contains(path), "\(path)") }
  }

  @Test("the page has a table for each plugin, with secrets, defaults and what needs a restart")
  func markdown() {
    let page = reference.markdown
    #expect(page.contains("### `storage` with `type: sqlite`, the default\n\nAn SQLite database. (preview)"))
    #expect(page.contains("| `storage.path` ↻ | a text | `./tombolo-data` | The folder of the database. |"))
    #expect(page.contains("| `delivery.token` (secret) | a text | - | Sent as bearer token. |"))
    #expect(page.contains("| `delivery.pool.connections` | an integer from 1 to 100 | `8` | At most. |"))
    #expect(page.contains("| `delivery.baseURL` | an http or https URL such as https://example.org/path | required |"))
  }
}
