import Foundation
import TomboloPorts
import Testing

@testable import TomboloProgram

@Suite("Arguments")
struct ArgumentTests {
  private let now = Timestamp(millisecondsSinceEpoch: 1_000_000)

  @Test(
    "A moment is a timestamp or a duration from now",
    arguments: [
      ("1970-01-01T00:20:00Z", Int64(1_200_000)), ("500ms", 1_000_500), ("10m", 1_600_000), ("2h", 8_200_000),
      ("1d", 87_400_000), ("0s", 1_000_000),
    ])
  func moment(text: String, milliseconds: Int64) throws {
    let moment = try MomentArgument.parse(text, option: "--not-before").timestamp(from: now)
    #expect(moment.millisecondsSinceEpoch == milliseconds)
  }

  @Test(
    "What is no moment is wrong usage, and the message names the option and both forms",
    arguments: ["soon", "", "10", "-5m", "1.5h", "10 m", "9223372036854775807d", "2026-11-21", "٣m"])
  func noMoment(text: String) throws {
    let error = try #require(throws: CommandError.self) { try MomentArgument.parse(text, option: "--expires") }
    #expect(error.code == .usage)
    #expect(
      error.message.contains("--expires") && error.message.contains("10m") && error.message.contains("T10:42:07Z"))
  }

  @Test("A header is a name, a colon and a value")
  func headers() throws {
    let headers = try HeaderArgument.parse(["X-Trace: a:b", "Empty:"])
    #expect(headers == [OperationHeader(name: "X-Trace", value: "a:b"), OperationHeader(name: "Empty", value: "")])
  }

  @Test(
    "What no header may be is wrong usage",
    arguments: [["none"], [": x"], ["a b: c"], ["a: b\nc"], ["A: 1", "a: 2"]])
  func noHeaders(texts: [String]) throws {
    let error = try #require(throws: CommandError.self) { try HeaderArgument.parse(texts) }
    #expect(error.code == .usage)
  }

  @Test("The payload comes from one place: the argument, a file or standard input")
  func payloadSource() throws {
    #expect(try PayloadArgument(data: nil, source: nil) == .none)
    #expect(try PayloadArgument(data: "{}", source: nil) == .text("{}"))
    #expect(try PayloadArgument(data: "@a.json", source: nil) == .file("a.json"))
    #expect(try PayloadArgument(data: nil, source: "-") == .standardInput)
    #expect(try PayloadArgument(data: "-", source: nil) == .standardInput)
    #expect(throws: CommandError.self) { try PayloadArgument(data: "{}", source: "-") }
    #expect(throws: CommandError.self) { try PayloadArgument(data: nil, source: "x") }
    #expect(throws: CommandError.self) { try PayloadArgument(data: "@", source: nil) }
  }

  @Test("JSON is any value, not only an object", arguments: ["{}", "12", "\"x\"", "null", " [1, 2]\n"])
  func json(text: String) throws {
    try PayloadArgument.requireJSON(Array(text.utf8))
  }

  @Test(
    "What is not JSON is wrong usage, and the message says how to send it", arguments: ["", "{a:1}", "hello", "1 2"])
  func noJSON(text: String) throws {
    let error = try #require(throws: CommandError.self) { try PayloadArgument.requireJSON(Array(text.utf8)) }
    #expect(error.code == .usage)
    #expect(error.message.contains("--raw"))
  }

  @Test("The config file is the option's, else the variable's, else ./tombolo.yaml")
  func configFile() throws {
    let environment = ["TOMBOLO_CONFIG": "b.yaml"]
    #expect(
      try ConfigurationOptions.choose(option: "a.yaml", environment: environment, exists: { _ in true }) == "a.yaml")
    #expect(try ConfigurationOptions.choose(option: nil, environment: environment, exists: { _ in true }) == "b.yaml")
    #expect(
      try ConfigurationOptions.choose(option: nil, environment: [:], exists: { $0 == "tombolo.yaml" }) == "tombolo.yaml"
    )
  }

  @Test("No config file is needed where a variable or an option says where to deliver")
  func withoutConfigFile() throws {
    let variables = ["TOMBOLO_DELIVERY_BASEURL": "http://127.0.0.1:9000"]
    #expect(try ConfigurationOptions.choose(option: nil, environment: variables, exists: { _ in false }) == nil)
    #expect(
      try ConfigurationOptions.choose(
        option: nil, environment: [:], overrides: ["delivery.type=http"], exists: { _ in false }) == nil)
    #expect(
      try ConfigurationOptions.choose(option: nil, environment: variables, exists: { _ in true }) == "tombolo.yaml")
  }

  @Test("Without a config file the message shows the smallest one")
  func noConfigFile() throws {
    let error = try #require(throws: CommandError.self) {
      try ConfigurationOptions.choose(option: nil, environment: ["TOMBOLO_CONFIG": ""], exists: { _ in false })
    }
    #expect(error.code == .usage)
    #expect(error.message.contains("delivery:\n    type: http\n    baseURL: http://127.0.0.1:9000"))
  }

  @Test("An id is given once however often it is written; what is none is wrong usage")
  func ids() throws {
    let text = "0193506e-8a2b-7c11-9f00-3b1c5d7e9a42"
    #expect(try OperationIDArgument.parse([text, text.uppercased()]).map(\.description) == [text])
    #expect(try #require(throws: CommandError.self) { try OperationIDArgument.parse("12") }.code == .usage)
  }
}
