import Foundation
import Testing
import TomboloComposition
import TomboloPorts

@testable import TomboloProgram

/// Walks through every key that is declared, by the program and by every plugin that comes with it.
@Suite("Every declared key works from file, environment and command line")
struct DeclaredKeyTests {
  /// One key, and the plugin that its section must name for it.
  struct Case: CustomTestStringConvertible, Sendable {
    var key: DeclaredKey
    var plugin: PluginDescription?
    var testDescription: String {
      [plugin.map { "\($0.identifier)" }, key.path].compactMap { $0 }.joined(separator: " ")
    }
  }

  static func cases() throws -> [Case] {
    let reference = ConfigurationReference(registry: try StandardPlugins.registry())
    return reference.sections.filter { !$0.isInList }.flatMap { section in
      let own = section.keys.flatMap { key -> [Case] in
        // A section's `type` is tried with every plugin it may name.
        guard key.option.name == "type", section.kind != nil else { return [Case(key: key)] }
        return section.plugins.map { Case(key: key, plugin: $0.description) }
      }
      return own
        + section.plugins.flatMap { plugin in
          plugin.keys.map { Case(key: $0, plugin: plugin.description) }
        }
    }
  }

  /// Where the value of a type alone is not good enough. Add a line for a key that only its plugin can judge.
  private static let samples = [
    "agent.listen": "127.0.0.1:7200", "agent.hostNames": "[till.example.org]", "delivery.routes": "[{kind: a}]",
    "queue.kinds": "[{kind: a, concurrency: 1}]", "queue.pilotIntervalMaximum": "10m",
    "delivery.headers": "{X-Sample: b}", "network.probe.address": "127.0.0.1:9000",
    "network.upstreams.NAME.address": "127.0.0.1:9000",
  ]

  /// What must stand beside a key, where only the plugin knows: of a TCP probe an address, or a host and a port.
  private static func companions(of tried: Case) -> [String: String] {
    let encrypted = ["delivery.baseURL": "https://127.0.0.1:9000"]
    switch tried.key.path {
    case "queue.versionClock.skewMaximum": return ["queue.versionClock.node": "sample"]
    case "delivery.resilience": return ["resilience.sample": "[{type: circuitBreaker}]"]
    case "delivery.tls.authorityFile": return encrypted
    case "delivery.tls.certificateFile": return encrypted.merging(["delivery.tls.keyFile": "sample"]) { $1 }
    case "delivery.tls.keyFile": return encrypted.merging(["delivery.tls.certificateFile": "sample"]) { $1 }
    default: break
    }
    guard tried.plugin?.identifier == PluginIdentifier(.probe, "tcp") else { return [:] }
    let names = tried.key.path.split(separator: ".")
    let section = names.dropLast().joined(separator: ".")
    switch names.last {
    case "address": return [:]
    case "host": return ["\(section).port": "9000"]
    case "port": return ["\(section).host": "127.0.0.1"]
    default: return ["\(section).address": "127.0.0.1:9000"]
    }
  }

  /// A value that the declaration allows and that is not its default, as it is written.
  private static func sample(_ key: DeclaredKey, _ plugin: PluginDescription?) -> String {
    if key.path == "delivery.routes", plugin?.identifier.name == "grpc" { return "[{kind: a, method: a.A/A}]" }
    return samples[key.path] ?? sample(key.option, plugin)
  }

  private static func sample(_ option: OptionDeclaration, _ plugin: PluginDescription?) -> String {
    if option.name == "type", let plugin { return plugin.identifier.name }
    switch option.type {
    case .string: return "sample"
    case .url: return "http://127.0.0.1:9000"
    case .boolean: return option.defaultValue == .boolean(true) ? "false" : "true"
    case .integer(let range):
      if case .integer(let value)? = option.defaultValue, range.contains(value * 2), value != 0 {
        return "\(value * 2)"
      }
      return "\(range.lowerBound)"
    case .number(let range):
      if case .number(let value)? = option.defaultValue, range.contains(value * 2), value != 0 {
        return option.render(.number(value * 2))
      }
      return option.render(.number(range.lowerBound))
    case .duration(let range):
      if case .duration(let value)? = option.defaultValue, range.contains(value * 2), value != .zero {
        return option.render(.duration(value * 2))
      }
      return option.render(.duration(range.lowerBound))
    case .size(let range):
      if case .size(let value)? = option.defaultValue, range.contains(value * 2), value != 0 {
        return option.render(.size(value * 2))
      }
      return option.render(.size(range.lowerBound))
    case .choice(let words): return words.first { .string($0) != option.defaultValue } ?? words[0]
    case .list(let element): return "[\(sample(OptionDeclaration("", element, help: ""), nil))]"
    case .map(let element): return "{sample: \(sample(OptionDeclaration("", element, help: ""), nil))}"
    case .section(let options):
      let fields = options.filter(\.isRequired).map { "\($0.name): \(sample($0, nil))" }
      return "{\(fields.joined(separator: ", "))}"
    }
  }

  /// Everything that must stand in the config for the key to have its place, but for the key itself.
  private static func surroundings(_ tried: Case) -> [String: String] {
    var values = ["delivery.type": "http", "delivery.baseURL": "http://127.0.0.1:9000"]
    let section = tried.key.path.split(separator: ".").dropLast().joined(separator: ".")
    if let plugin = tried.plugin {
      // A key of an inner section belongs to the plugin of the outer one.
      let place = place(of: plugin, holding: section)
      for path in values.keys where path.hasPrefix(place + ".") { values[path] = nil }
      values["\(place).type"] = plugin.identifier.name
      for option in plugin.options where option.isRequired {
        values["\(place).\(option.name)"] = samples["\(place).\(option.name)"] ?? sample(option, nil)
      }
    }
    values.merge(companions(of: tried)) { _, new in new }
    values[tried.key.path] = nil
    return values
  }

  private static func place(of plugin: PluginDescription, holding section: String) -> String {
    let reference = ["storage", "storage.encryption", "delivery", "network.probe", "queue.backoff", "queue.conflict"]
    return reference.filter { section == $0 || section.hasPrefix($0 + ".") }.max { $0.count < $1.count } ?? section
  }

  /// YAML of values by their paths.
  private static func yaml(_ values: [String: String]) -> String {
    func lines(_ values: [(path: [String], text: String)], _ indentation: String) -> [String] {
      Dictionary(grouping: values) { $0.path[0] }.sorted { $0.key < $1.key }.flatMap { name, values -> [String] in
        if values.count == 1, values[0].path.count == 1 { return ["\(indentation)\(name): \(values[0].text)"] }
        let inner = values.filter { $0.path.count > 1 }.map { (path: Array($0.path.dropFirst()), text: $0.text) }
        return ["\(indentation)\(name):"] + lines(inner, indentation + "  ")
      }
    }
    let all = values.map { (path: $0.key.split(separator: ".").map(String.init), text: $0.value) }
    return lines(all, "").joined(separator: "\n") + "\n"
  }

  @Test("the key is taken from each layer, told with its origin, and hidden when it is secret", arguments: try cases())
  func everyLayer(tried: Case) throws {
    let loader = ConfigurationLoader(registry: try StandardPlugins.registry())
    let (key, sample) = (tried.key, Self.sample(tried.key, tried.plugin))
    let around = Self.surroundings(tried)
    let (with, without) = (Self.yaml(around.merging([key.path: sample]) { $1 }), Self.yaml(around))

    let file = try loader.load(file: "t.yaml", text: with)
    let environment = try loader.load(file: "t.yaml", text: without, environment: [key.variable: sample])
    let commandLine = try loader.load(file: "t.yaml", text: without, overrides: ["\(key.path)=\(sample)"])
    let all = try loader.load(
      file: "t.yaml", text: with, environment: [key.variable: sample], overrides: ["\(key.path)=\(sample)"])
    for (name, configuration) in ["file": file, "environment": environment, "command line": commandLine, "all": all] {
      let entries = configuration.entries.filter { $0.path == key.path || $0.path.hasPrefix(key.path + ".") }
      let entry = try #require(entries.first, "\(name)")
      switch (name, entry.origin) {
      case ("file", .file), ("environment", .environment(key.variable)), ("command line", .commandLine(key.path)),
        ("all", .commandLine(key.path)):
        break
      default: Issue.record("\(name): \(key.path) comes from \(entry.origin)")
      }
      if key.option.isSecret {
        #expect(entry.value == "******", "\(name)")
      } else if entry.path == key.path, !"[{".contains(sample.prefix(1)) {
        #expect(entry.value == sample, "\(name)")
      }
      #expect(entry.explanation.contains(Self.variable(key)), "\(name)")
    }
  }

  private static func variable(_ key: DeclaredKey) -> String { "variable: \(key.variable)" }
}
