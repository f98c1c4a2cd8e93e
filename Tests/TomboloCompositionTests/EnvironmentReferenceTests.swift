import Testing
import TomboloComposition
import TomboloPorts

@Suite struct EnvironmentReferenceTests {
  private func load(_ text: String, _ environment: [String: String]) throws -> Configuration {
    try ConfigurationLoader(registry: try FakePlugins.registry())
      .load(file: "t.yaml", text: text, environment: environment)
  }

  @Test("the settings carry the value of the variable, and what is shown carries its name")
  func value() throws {
    let configuration = try load(
      "delivery: { type: http, baseURL: \"${UP}/v1\", token: \"${T}\", headers: { A: \"b ${T}\" } }",
      ["UP": "http://localhost:9", "T": "hunter2"])
    #expect(try configuration.delivery.options.string("baseURL") == "http://localhost:9/v1")
    #expect(try configuration.delivery.options.string("token") == "hunter2")
    #expect(configuration.text.contains("delivery.baseURL: ${UP}/v1  # t.yaml:1:34"))
    #expect(configuration.text.contains("delivery.headers.A: b ${T}"))
    #expect(configuration.text.contains("delivery.token: ******"))
    var dumped = ""
    dump(configuration.entries, to: &dumped)
    #expect(!dumped.contains("hunter2"))
  }

  @Test("a variable that is empty is set; one that is not there is an error with the place of the reference")
  func missing() throws {
    let delivery = "delivery: { type: http, baseURL: http://localhost:9 }"
    #expect(try load("storage: { path: \"a${E}b\" }\n\(delivery)", ["E": ""]).storageSettings.path == "ab")
    let error = #expect(throws: ConfigurationError.self) {
      try load("storage: { path: \"a${E}b\" }\n\(delivery)", [:])
    }
    #expect(
      error?.problems.map(\.description) == [
        "t.yaml:1:18: storage.path: the variable E is not set, and the value is ${E}"
      ])
  }

  @Test("a plugin's own complaint does not tell what a variable holds")
  func complaint() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try load("delivery: { type: http, baseURL: \"${UP}\" }", ["UP": "ftp://hunter2"])
    }
    #expect(error.map { !"\($0)".contains("hunter2") && "\($0)".contains("${UP}") } == true)
  }
}
