import Testing

@Suite struct GoldenTests {
  @Test("a good config has exactly these effective values", arguments: try GoldenCase.all(in: "valid"))
  func valid(golden: GoldenCase) throws {
    let actual = try golden.actual()
    #expect(actual == (try golden.expected(actual: actual)))
    #expect(!actual.contains("in the configuration:"))
  }

  @Test("a bad config is refused with exactly these errors", arguments: try GoldenCase.all(in: "invalid"))
  func invalid(golden: GoldenCase) throws {
    let actual = try golden.actual()
    #expect(actual == (try golden.expected(actual: actual)))
    #expect(actual.contains("in the configuration:"))
  }

  @Test("everything that is expected belongs to a config", arguments: ["valid", "invalid"])
  func orphans(folder: String) throws {
    let names = Set(try GoldenCase.all(in: folder).map { $0.name + ".expected" })
    #expect(try GoldenCase.expectations(in: folder).filter { !names.contains($0) } == [])
  }

  @Test("there are at least sixty cases, in YAML and in JSON")
  func enough() throws {
    let names = try GoldenCase.all().map(\.name)
    #expect(names.count >= 60)
    #expect(names.contains { $0.hasSuffix(".json") } && names.contains { $0.hasSuffix(".yaml") })
  }

  @Test("no secret of any case is ever printed")
  func secrets() throws {
    for golden in try GoldenCase.all() {
      let actual = try golden.actual()
      #expect(!actual.contains("hunter2") && !actual.contains("4711"), "\(golden.testDescription)")
    }
  }
}
