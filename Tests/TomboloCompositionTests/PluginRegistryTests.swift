import Foundation
import Synchronization
import Testing
import TomboloComposition
import TomboloPorts

@Suite struct PluginRegistryTests {
  private let context = PluginContext(time: SystemTimeSource(), warn: { _ in })

  @Test("a name that is taken is refused, and the message says so")
  func duplicate() throws {
    var registry = try FakePlugins.registry()
    let error = #expect(throws: PluginRegistryError.self) { try registry.register(FakePlugins.SQLiteStorage.self) }
    #expect(error?.code == .duplicate)
    #expect(error?.message.hasPrefix("storage.sqlite is registered already") == true)
  }

  @Test("declarations that contradict themselves are refused, all faults at once")
  func badDeclaration() throws {
    enum Bad: FakePlugins.Fake {
      static let identifier = PluginIdentifier(.storage, "bad")
      static let summary = ""
      static let options = [
        OptionDeclaration("type", .string, help: ""),
        OptionDeclaration("max_size", .string, help: ""),
        OptionDeclaration("limit", .integer(1...10), default: .integer(11), help: ""),
        OptionDeclaration("Limit", .integer(1...10), help: ""),
        OptionDeclaration("mode", .choice([]), help: ""),
      ]
    }
    var registry = PluginRegistry()
    let error = #expect(throws: PluginRegistryError.self) { try registry.register(Bad.self) }
    #expect(error?.code == .badDeclaration)
    for words in [
      "max_size must be camelCase", "the default of limit is not an integer from 1 to 10", "Limit is declared twice",
      "mode has no choices", "the key type is taken",
    ] {
      #expect(error?.message.contains(words) == true, "\(words)")
    }
  }

  @Test("the part a section names is made with its checked options")
  func make() async throws {
    let registry = try FakePlugins.registry()
    let configuration = try ConfigurationLoader(registry: registry).load(overrides: [
      "delivery={type: http, baseURL: 'http://localhost:1', pool: {connections: 3}, headers: {A: b}}"
    ])
    let part = try await registry.make(FakePlugins.Part.self, from: configuration.delivery, in: context)
    #expect(part.options.path == "delivery")
    #expect(try part.options.string("baseURL") == "http://localhost:1")
    #expect(try part.options.section("pool").integer("connections") == 3)
    #expect(try part.options.entries("headers") == [OptionEntry(name: "A", value: .string("b"))])
    #expect(try part.options.stringIfPresent("token") == nil)
    #expect(part.options.value("type") == nil)
  }

  @Test("a part of the wrong type is closed again, and the message names both types")
  func wrongProduct() async throws {
    enum Closing: Plugin {
      static let closed = Mutex(false)
      static let identifier = PluginIdentifier(.backoff, "closing")
      static let summary = ""
      static let options: [OptionDeclaration] = []
      static func make(_ options: PluginOptions, in context: PluginContext) async throws -> FakePlugins.Part {
        FakePlugins.Part(options: options, onClose: { closed.withLock { $0 = true } })
      }
    }
    var registry = PluginRegistry()
    try registry.register(Closing.self)
    let selection = PluginSelection(Closing.identifier, options: PluginOptions(path: "", values: [:]))
    let error = await #expect(throws: PluginRegistryError.self) {
      try await registry.make((any KeyValueStore).self, from: selection, in: context)
    }
    #expect(error?.code == .wrongProduct)
    #expect(error?.message.contains("makes Part, but") == true)
    #expect(Closing.closed.withLock { $0 })
  }

  @Test("a plugin that is not compiled in is named with those that are")
  func unknown() async throws {
    let registry = try FakePlugins.registry()
    let selection = PluginSelection(
      PluginIdentifier(.storage, "sqlit"), options: PluginOptions(path: "storage", values: [:]))
    let error = await #expect(throws: PluginRegistryError.self) {
      try await registry.make(FakePlugins.Part.self, from: selection, in: context)
    }
    #expect(
      error?.message == "no plugin storage.sqlit is compiled in; did you mean \"sqlite\"? Compiled in: storage.auto, "
        + "storage.memory, storage.sqlite. To add one: a line in Tools/tombolo/Program/StandardPlugins.swift, or in a program of your own "
        + "AgentProgram.run { registry in try registry.register(MyPlugin.self) }")
  }

  @Test("plugins are listed by kind and name, as text and as JSON")
  func descriptions() throws {
    let registry = try FakePlugins.registry()
    #expect(registry.descriptions(of: .storage).map(\.identifier.name) == ["auto", "memory", "sqlite"])
    let description = try #require(registry.description(of: PluginIdentifier(.backoff, "constant")))
    #expect(
      description.text == """
        backoff.constant  Always the same. (preview)
          delay: a duration such as 500ms, 5s, 2m, 1h or 1d, from 0s to 1m, default 1s
              The wait.
        """)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let json = try #require(String(data: try encoder.encode(description), encoding: .utf8))
    #expect(
      json == #"{"identifier":"backoff.constant","kind":"backoff","name":"constant","options":["#
        + #"{"allowed":"a duration such as 500ms, 5s, 2m, 1h or 1d, from 0s to 1m","default":"1s","help":"The wait.","#
        + #""name":"delay","required":false,"secret":false,"type":"duration"}],"stability":"preview","summary":"Always the same."}"#
    )
  }
}
