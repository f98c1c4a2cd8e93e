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

  @Test("no secret of any case is ever printed")
  func secrets() throws {
    for golden in try GoldenCase.all(in: "valid") + GoldenCase.all(in: "invalid") {
      #expect(!(try golden.actual()).contains("hunter2"), "\(golden.testDescription)")
    }
  }
}
