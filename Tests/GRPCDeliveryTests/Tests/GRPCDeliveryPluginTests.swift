import GRPCDelivery
import GRPCUpstream
import Synchronization
import Testing
import TomboloPorts
import TomboloTesting

@Suite("GRPCDeliveryPlugin")
struct GRPCDeliveryPluginTests {
  @Test("It is delivery.grpc, requires a base URL, and hides headers and token")
  func declarations() {
    #expect(GRPCDeliveryPlugin.identifier.description == "delivery.grpc")
    let options = GRPCDeliveryPlugin.options
    #expect(options.filter(\.isRequired).map(\.name) == ["baseURL"])
    #expect(options.filter(\.isSecret).map(\.name) == ["headers", "bearerToken"])
  }

  @Test("The options reach the calls")
  func delivers() async throws {
    try await DeliveryHarness.run { harness in
      let route = OptionValue.map([
        OptionEntry(name: "kind", value: .string("notes.*")),
        OptionEntry(name: "method", value: .string("/notes.v1.Notes/Put")),
      ])
      let options = Self.options([
        "baseURL": .string("http://127.0.0.1:\(harness.port)"), "bearerToken": .string("t0ken"),
        "headers": .map([OptionEntry(name: "X-Tenant", value: .string("blue"))]), "routes": .list([route]),
        // Longer than a busy machine holds up any of the threads.
        "timeout": .duration(.seconds(120)), "connectTimeout": .duration(.seconds(60)),
      ])
      let handler = try await GRPCDeliveryPlugin.make(options, in: Self.context { _ in })
      let outcome = try await handler.deliver(.sample(kind: "notes.put"), attempt: DeliveryAttempt(number: 1))
      #expect(outcome.label == "delivered")
      let call = try #require(harness.service.received.first)
      #expect(call.method == "notes.v1.Notes/Put")
      #expect(call.text("x-tenant") == "blue")
      #expect(call.text("authorization") == "Bearer t0ken")
      try await (try #require(handler as? any Closable)).close()
    }
  }

  @Test(
    "Options that cannot be used are refused with words that help, and without secrets",
    arguments: [
      (["baseURL": .string("ftp://example.com")], "write http, or https"),
      (["baseURL": .string("http://me:s3cret@example.com")], "bearerToken or headers"),
      (["baseURL": .string("http://example.com/api")], "found by its service's name"),
      (["baseURL": .string("/relative")], "http://127.0.0.1:50051"),
      (["bearerToken": .string("s3cret\n")], "printable ASCII"),
      (["headers": .map([OptionEntry(name: "X A", value: .string("s3cret"))])], "'X A'"),
      (["headers": .map([OptionEntry(name: "te", value: .string("s3cret"))])], "set by the delivery itself"),
      (["headers": .map([OptionEntry(name: "grpc-x", value: .string("s3cret"))])], "set by the delivery itself"),
      (
        [
          "headers": .map([OptionEntry(name: "Authorization", value: .string("s3cret"))]),
          "bearerToken": .string("s3cret"),
        ], "keep one"
      ),
      (["routes": .list([route("a*b", "n.S/M")])], "routes[0] has the kind 'a*b'"),
      (["routes": .list([route("a", "no-method")])], "package.Service/Method"),
      (["routes": .list([route("a", "a..b/M")])], "package.Service/Method"),
      (["tls": .map([OptionEntry(name: "authorityFile", value: .string("ca.pem"))])], "write https"),
      (
        [
          "baseURL": .string("https://example.com"),
          "tls": .map([OptionEntry(name: "keyFile", value: .string("key.pem"))]),
        ], "go together"
      ),
    ] as [([String: OptionValue], String)])
  func refused(values: [String: OptionValue], expected: String) async throws {
    let error = await #expect(throws: PluginOptionError.self) {
      _ = try await GRPCDeliveryPlugin.make(Self.options(values), in: Self.context { _ in })
    }
    let message = try #require(error?.message)
    #expect(GRPCDeliveryPlugin.problems(in: Self.options(values)).map(\.message).contains(message))
    #expect(message.hasPrefix("delivery"))
    #expect(message.contains(expected))
    #expect(!message.contains("s3cret"))
  }

  @Test("A file of certificates that is not there is told when the delivery is made")
  func missingFile() async throws {
    let options = Self.options([
      "baseURL": .string("https://example.com"),
      "tls": .map([OptionEntry(name: "authorityFile", value: .string("/nowhere/ca.pem"))]),
    ])
    let error = await #expect(throws: PluginOptionError.self) {
      _ = try await GRPCDeliveryPlugin.make(options, in: Self.context { _ in })
    }
    #expect(error?.message.contains("tls") == true)
  }

  @Test(
    "Operations that would travel unencrypted are warned of",
    arguments: ["http://example.com", "http://10.0.0.1:50051"])
  func warnings(baseURL: String) async throws {
    let warnings = Mutex<[String]>([])
    let handler = try await GRPCDeliveryPlugin.make(
      Self.options(["baseURL": .string(baseURL), "bearerToken": .string("s3cret")]),
      in: Self.context { text in warnings.withLock { $0.append(text) } })
    try await (try #require(handler as? any Closable)).close()
    #expect(warnings.withLock { $0.count } == 1)
    #expect(warnings.withLock { !$0.joined().contains("s3cret") })
  }

  @Test(
    "On this machine nothing is warned of", arguments: ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
  func noWarnings(baseURL: String) async throws {
    let warnings = Mutex<[String]>([])
    let handler = try await GRPCDeliveryPlugin.make(
      Self.options(["baseURL": .string(baseURL)]), in: Self.context { text in warnings.withLock { $0.append(text) } })
    try await (try #require(handler as? any Closable)).close()
    #expect(warnings.withLock { $0.isEmpty })
  }

  private static func route(_ kind: String, _ method: String) -> OptionValue {
    .map([OptionEntry(name: "kind", value: .string(kind)), OptionEntry(name: "method", value: .string(method))])
  }

  /// A section as the composition hands it over: defaults filled in.
  private static func options(_ values: [String: OptionValue]) -> PluginOptions {
    var all = ["baseURL": OptionValue.string("http://127.0.0.1:9")]
    for option in GRPCDeliveryPlugin.options { all[option.name] = option.defaultValue ?? all[option.name] }
    return PluginOptions(path: "delivery", values: all.merging(values) { $1 })
  }

  private static func context(_ warn: @escaping @Sendable (String) -> Void) -> PluginContext {
    PluginContext(time: SystemTimeSource(), warn: warn)
  }
}
