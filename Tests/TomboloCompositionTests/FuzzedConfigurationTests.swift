import Foundation
import Testing
import TomboloPorts

@testable import TomboloComposition

/// Random mutations of the golden files, the same at every run. `TOMBOLO_FUZZ_SEED` gives others, `TOMBOLO_FUZZ_COUNT` more of
/// them; with `TOMBOLO_NIGHTLY=1` they are others each time.
@Suite struct FuzzedConfigurationTests {
  private let registry: PluginRegistry
  private let loader: ConfigurationLoader

  init() throws {
    registry = try FakePlugins.registry()
    loader = ConfigurationLoader(registry: registry)
  }

  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }

  private static var seed: UInt64 {
    number("TOMBOLO_FUZZ_SEED") ?? (number("TOMBOLO_NIGHTLY") == 1 ? .random(in: 1...1_000_000) : 1)
  }

  @Test("a mutated config never crashes the reader, and of one that is accepted every key counts")
  func mutations() async throws {
    let seed = Self.seed
    let count = Int(Self.number("TOMBOLO_FUZZ_COUNT") ?? 1_000)
    print("fuzzed configuration: seed \(seed), \(count) mutations")
    let cases = try GoldenCase.all().map { (name: $0.name, text: try $0.text()) }
    var random = SeededGenerator(seed: seed)
    var (acceptedCount, keyCount) = (0, 0)
    for number in 0..<count {
      // Other tests want the thread, too.
      if number.isMultiple(of: 20) { await Task.yield() }
      guard let golden = cases.randomElement(using: &random) else { return }
      let text = GoldenMutation.mutate(golden.text, using: &random)
      let environment = GoldenCase.environment(in: text)
      let overrides = GoldenCase.directives("set", in: text)
      let configuration: Configuration
      do {
        configuration = try loader.load(
          file: golden.name, text: text, environment: environment, overrides: overrides)
      } catch {
        let story = "seed \(seed): \(error)\n\(text)"
        #expect(!error.problems.isEmpty, "\(story)")
        #expect(error.problems.allSatisfy { !$0.message.isEmpty }, "\(story)")
        #expect(!error.description.contains("hunter2"), "\(story)")
        continue
      }
      acceptedCount += 1
      let replaced =
        overrides.compactMap { $0.split(separator: "=").first } + environment.keys.map { Self.path(of: $0) }
      let ignored = Self.ignoredKeys(of: text, name: golden.name, in: configuration, under: replaced)
      keyCount += configuration.entries.count { if case .file = $0.origin { true } else { false } }
      #expect(ignored.isEmpty, "seed \(seed): \(ignored) of\n\(text)")
    }
    print("fuzzed configuration: \(acceptedCount) were accepted, with \(keyCount) keys that all counted")
    #expect(acceptedCount > count / 200, "seed \(seed): the mutations are too wild to show anything")
  }

  @Test("one key too many, anywhere in any good config, is always refused")
  func strangeKeys() async throws {
    let seed = Self.seed
    print("strange keys: seed \(seed)")
    var random = SeededGenerator(seed: seed)
    for golden in try GoldenCase.all(in: "valid") where golden.name.hasSuffix(".yaml") {
      await Task.yield()
      let text = try golden.text()
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      for _ in 0..<8 {
        var mutated = lines
        let index = Int.random(in: 0..<lines.count, using: &random)
        let indentation = lines[index].prefix { $0 == " " }
        mutated.insert("\(indentation)zzStrange: 1", at: index)
        let story = "seed \(seed), \(golden.name):\n\(mutated.joined(separator: "\n"))"
        do {
          let configuration = try loader.load(
            file: golden.name, text: mutated.joined(separator: "\n"), environment: GoldenCase.environment(in: text),
            overrides: GoldenCase.directives("set", in: text))
          // In a map of any names, and in a text of several lines, it is nothing strange.
          #expect(
            configuration.entries.contains { ($0.value ?? "").contains("zzStrange") || $0.path.contains("zzStrange") },
            "\(story)")
        } catch {
          continue
        }
      }
    }
  }

  /// The key that a variable sets, in lower case.
  private static func path(of variable: String) -> Substring {
    variable.dropFirst("TOMBOLO_".count).replacing("_", with: ".").lowercased()[...]
  }

  /// The keys of the file that no effective value comes from, but for what stands in sections that another layer replaced as
  /// a whole.
  private static func ignoredKeys(
    of text: String, name: String, in configuration: Configuration, under replaced: [Substring]
  ) -> [String] {
    let readable = JSONFile.isOne(name) ? JSONFile.withoutSurrogates(text) : text
    guard let root = YAMLReader.read(readable, file: name).root else { return [] }
    let counted = Set(configuration.entries.flatMap { [$0.origin] + $0.overridden })
    let paths = configuration.entries.map { ".\($0.path.lowercased())" }
    // Something else may have stood where another layer puts a section.
    let sections = replaced.map { ".\($0.lowercased())" }.filter { place in paths.contains { $0.hasPrefix(place + ".") }
    }
    return leaves(of: root, path: "")
      .filter { leaf in !replaced.contains { leaf.path.lowercased().hasPrefix(".\($0.lowercased()).") } }
      .filter { !counted.contains($0.origin) && !sections.contains($0.path.lowercased()) }.map {
        "\($0.path) at \($0.origin)"
      }
  }

  /// The values of the tree that are keys of their own: a list is one value as a whole.
  private static func leaves(
    of node: ConfigurationNode, path: String
  ) -> [(path: String, origin: ConfigurationOrigin)] {
    switch node.content {
    case .map(let fields): fields.flatMap { leaves(of: $0.node, path: "\(path).\($0.name)") }
    // An empty section says nothing.
    case .scalar: node.isNull ? [] : [(path, node.origin)]
    case .list: [(path, node.origin)]
    }
  }
}
