import ExampleUpstream
import HTTPDelivery
import Synchronization
import Testing
import TomboloPorts
import TomboloTesting

@Suite("HTTPDeliveryPlugin")
struct HTTPDeliveryPluginTests {
  @Test("It is delivery.http, requires a base URL, and hides headers and token")
  func declarations() {
    #expect(HTTPDeliveryPlugin.identifier.description == "delivery.http")
    let options = HTTPDeliveryPlugin.options
    #expect(options.filter(\.isRequired).map(\.name) == ["baseURL"])
    #expect(options.filter(\.isSecret).map(\.name) == ["headers", "bearerToken"])
    #expect(options.allSatisfy { $0.isRequired || $0.defaultValue != nil || $0.name == "bearerToken" })
  }

  @Test("The options reach the requests")
  func delivers() async throws {
    try await DeliveryHarness.run { harness in
      let route = OptionValue.map([
        OptionEntry(name: "kind", value: .string("orders.*")), OptionEntry(name: "method", value: .string("PUT")),
        OptionEntry(name: "path", value: .string("/o/{kind}")),
      ])
      let options = Self.options([
        "baseURL": .string("http://127.0.0.1:\(harness.port)"), "bearerToken": .string("t0ken"),
        "headers": .map([OptionEntry(name: "X-Tenant", value: .string("blue"))]), "routes": .list([route]),
        // Longer than a busy machine holds up any of the threads.
        "timeout": .duration(.seconds(120)), "connectTimeout": .duration(.seconds(60)),
      ])
      let handler = try await HTTPDeliveryPlugin.make(options, in: Self.context { _ in })
      #expect(handler.upstream == "http://127.0.0.1:\(harness.port)")
      let outcome = try await handler.deliver(.sample(), attempt: DeliveryAttempt(number: 1))
      #expect(outcome.label == "delivered")
      let received = try #require(harness.memory.received().first)
      #expect(received.method == "PUT")
      #expect(received.kind == "o/orders.place")
      #expect(received.header("X-Tenant") == "blue")
      #expect(received.header("Authorization") == "Bearer t0ken")
      try await (try #require(handler as? any Closable)).close()
    }
  }

  @Test(
    "Options that cannot be used are refused with words that help, and without secrets",
    arguments: [
      (["baseURL": .string("ftp://example.com")], "only http and https"),
      (["baseURL": .string("http://me:s3cret@example.com")], "bearerToken or headers"),
      (["baseURL": .string("http://example.com/?a=s3cret")], "query"),
      (["baseURL": .string("/relative")], "http://127.0.0.1:9000"),
      (["bearerToken": .string("s3cret\n")], "is there one at its end?"),
      (["headers": .map([OptionEntry(name: "X A", value: .string("s3cret"))])], "'X A'"),
      (["headers": .map([OptionEntry(name: "Host", value: .string("s3cret"))])], "set by the delivery itself"),
      (
        [
          "headers": .map([OptionEntry(name: "authorization", value: .string("s3cret"))]),
          "bearerToken": .string("s3cret"),
        ], "keep one"
      ),
      (["routes": .list([.map([OptionEntry(name: "kind", value: .string("a*b"))])])], "routes[0] has the kind 'a*b'"),
      (
        [
          "routes": .list([
            .map([
              OptionEntry(name: "kind", value: .string("a")), OptionEntry(name: "path", value: .string("prefs")),
            ])
          ])
        ], "does not begin with '/'"
      ),
      (
        [
          "routes": .list([
            .map([
              OptionEntry(name: "kind", value: .string("a")), OptionEntry(name: "path", value: .string("/{id}")),
            ])
          ])
        ], "only {kind} may stand in braces"
      ),
    ] as [([String: OptionValue], String)])
  func refused(values: [String: OptionValue], expected: String) async throws {
    let error = await #expect(throws: PluginOptionError.self) {
      _ = try await HTTPDeliveryPlugin.make(Self.options(values), in: Self.context { _ in })
    }
    let message = try #require(error?.message)
    #expect(HTTPDeliveryPlugin.problems(in: Self.options(values)).map(\.message) == [message])
    #expect(message.hasPrefix("delivery"))
    #expect(message.contains(expected))
    #expect(!message.contains("s3cret"))
  }

  @Test("A token that would travel unencrypted, and a connect timeout without effect, are warned of")
  func warnings() async throws {
    let warnings = Mutex<[String]>([])
    let options = Self.options([
      "baseURL": .string("http://example.com"), "bearerToken": .string("s3cret"),
      "connectTimeout": .duration(.seconds(20)),
    ])
    let handler = try await HTTPDeliveryPlugin.make(
      options, in: Self.context { text in warnings.withLock { $0.append(text) } })
    try await (try #require(handler as? any Closable)).close()
    #expect(warnings.withLock { $0.count } == 2)
    #expect(warnings.withLock { !$0.joined().contains("s3cret") })
  }

  /// A section as the composition hands it over: defaults filled in.
  private static func options(_ values: [String: OptionValue]) -> PluginOptions {
    var all = ["baseURL": OptionValue.string("http://127.0.0.1:9")]
    for option in HTTPDeliveryPlugin.options { all[option.name] = option.defaultValue ?? all[option.name] }
    return PluginOptions(path: "delivery", values: all.merging(values) { $1 })
  }

  private static func context(_ warn: @escaping @Sendable (String) -> Void) -> PluginContext {
    PluginContext(time: FixedTime(), warn: warn)
  }
}
