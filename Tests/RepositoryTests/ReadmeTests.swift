import Testing

@Suite("README says what is true")
struct ReadmeTests {
  @Test("the Swift in README is compiled in the examples, word for word")
  func swiftIsCompiled() throws {
    let readme = try Repository.text("README.md")
    let examples = try [
      "Tools/Examples/QuickStart/QuickStart.swift", "Tools/Examples/ResilienceOnly/Sources/ResilienceOnly.swift",
    ].map(Repository.text)
    let blocks = readme.matches(of: #/```swift\n((?s).*?)```/#).map { String($0.1) }
    #expect(!blocks.isEmpty)
    let compiled = Set(
      examples.flatMap { $0.split(separator: "\n") }.map { $0.trimmingPrefix(while: \.isWhitespace) })
    for block in blocks {
      for line in block.split(separator: "\n").map({ $0.trimmingPrefix(while: \.isWhitespace) }) where !line.isEmpty {
        #expect(compiled.contains(line), "README shows a line that no example compiles: \(line)")
      }
    }
  }

  @Test("the config in README is the one Tools/run uses")
  func configIsTheDefault() throws {
    let readme = try Repository.text("README.md")
    let file = try Repository.text("Tools/tombolo.yaml")
    let lines = { (text: String) in
      text.split(separator: "\n").map { line in
        String(line.split(separator: "#", omittingEmptySubsequences: false).first ?? "")
          .replacing(#/\s+$/#, with: "")
      }.filter { !$0.isEmpty }
    }
    let block = try #require(readme.firstMatch(of: #/```yaml\n((?s).*?)```/#)).1
    #expect(lines(String(block)) == lines(file))
  }

  @Test("every script README names is there")
  func scriptsExist() throws {
    let readme = try Repository.text("README.md")
    for match in readme.matches(of: #/Tools/(run|test|bench)\b/#) {
      _ = try Repository.text("Tools/\(match.1)")
    }
  }
}
