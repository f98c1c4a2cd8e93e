import Testing
import TomboloPorts
import TomboloQueue

@testable import TomboloComposition

@Suite struct QueueOptionsTests {
  /// The fields of what a config with these values makes, as text; the strategies are no matter of these keys.
  private static func fields(_ overrides: String...) throws -> [String: String] {
    let loader = ConfigurationLoader(registry: try FakePlugins.registry())
    let configuration = try loader.load(
      overrides: ["delivery={type: http, baseURL: 'https://example.org'}"] + overrides)
    return fields(QueueConfiguration(configuration, backoff: QueueConfiguration().backoff))
  }

  private static func fields(_ configuration: QueueConfiguration) -> [String: String] {
    let pairs = Mirror(reflecting: configuration).children.map { ($0.label ?? "", "\($0.value)") }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  @Test("without any key the queue has its own defaults")
  func defaults() throws {
    let (made, own) = (try Self.fields(), Self.fields(QueueConfiguration()))
    #expect(made.filter { own[$0.key] != $0.value } == [:])
    #expect(made.count == own.count)
  }

  @Test("each key changes one field, and each another one")
  func eachKey() throws {
    let standard = try Self.fields()
    var keys: [String: String] = [:]
    for option in QueueOptions.all {
      let given = "queue.\(option.name)=\(try #require(Self.another(option)))"
      let changed = try Self.fields(given).filter { standard[$0.key] != $0.value }.keys.sorted()
      #expect(changed.count == 1, "\(given) changes \(changed)")
      for field in changed {
        #expect(keys[field] == nil, "\(field) is changed by \(option.name) and \(keys[field] ?? "")")
        keys[field] = option.name
      }
    }
    #expect(keys.count == QueueOptions.all.count)
  }

  /// A value that is allowed and not the default.
  private static func another(_ option: OptionDeclaration) -> String? {
    switch (option.type, option.defaultValue) {
    case (.integer, .integer(let standard)): "\(standard + 1)"
    case (.size, .size(let standard)): "\(standard + 1)B"
    case (.duration, .duration(let standard)): DurationText.render(standard + .seconds(1))
    case (.choice(let words), .string(let standard)): words.first { $0 != standard }
    case (.choice(let words), nil): words.first
    case (.list(of: .string), .list([])): "[a]"
    case (.list, .list([])): "[{kind: a, concurrency: 1}]"
    default: nil
    }
  }
}
