import Foundation
import Testing

@Suite("The guides about resilience say what is true")
struct ResilienceGuideTests {
  static let folder = "Modules/Tombolo/Documentation.docc/Resilience"
  static let policyPages = [
    "AdaptiveLimits", "Bulkheads", "ChaosDrills", "CircuitBreakers", "Fallbacks", "Hedging", "RateLimits",
    "RetryPolicy", "SharedCalls", "TimeLimits",
  ]
  static let headings = ["About", "Usage", "Defaults", "Telemetry", "Diagram", "Anti-patterns"]

  /// The lines of a text without indentation.
  static func lines(_ text: some StringProtocol) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
  }

  @Test("every policy has a page with the same headings in the same order", arguments: policyPages)
  func sameHeadings(page: String) throws {
    let text = try Repository.text("\(Self.folder)/\(page).md")
    let headings = text.matches(of: #/(?m)^## (.+)$/#).map { String($0.1) }
    #expect(headings == Self.headings)
  }

  @Test(
    "the Swift of a page is compiled, block by block, in the samples",
    arguments: policyPages + ["ResiliencePipelines", "ResilienceTelemetry"])
  func swiftIsCompiled(page: String) throws {
    let samples = try ["Tools/Examples/ResilienceSamples", "Tests/TomboloTelemetryTests"]
      .flatMap(Repository.swiftFiles).map { Self.lines(try Repository.text($0)) }
    let blocks = try Repository.text("\(Self.folder)/\(page).md").matches(of: #/```swift\n((?s).*?)\n```/#)
    #expect(!blocks.isEmpty)
    for block in blocks.map({ Self.lines($0.1) }) {
      let isCompiled = samples.contains { lines in
        lines.indices.contains { lines[$0...].starts(with: block) }
      }
      #expect(isCompiled, "no sample holds this block of \(page): \(block.joined(separator: "\n"))")
    }
  }

  @Test("every test that the comparison names is there, and every row names one or admits a lack")
  func namedTestsExist() throws {
    let page = try Repository.text("\(Self.folder)/ResilienceCompared.md")
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| feature") }
    #expect(rows.count > 30)
    let files = try ["Tests/TomboloResilienceTests", "Tests/TomboloTelemetryTests"].flatMap(Repository.swiftFiles)
    for row in rows {
      let named = row.matches(of: #/`(\w+Tests)`: “(.+?)”/#)
      #expect(!named.isEmpty || row.contains("**no"), "proves nothing and admits nothing: \(row)")
      for match in named {
        let file = try #require(files.first { $0.hasSuffix("/\(match.1).swift") }, "there is no \(match.1)")
        // The formatter puts a long title on a line of its own.
        let text = try Repository.text(file).replacing(#/@Test\(\s+/#, with: "@Test(")
        #expect(text.contains("@Test(\"\(match.2)\""), "\(file) has no test “\(match.2)”")
      }
    }
  }

  @Test("every page of the folder is reached from the front page")
  func pagesAreListed() throws {
    let front = try Repository.text("Modules/Tombolo/Documentation.docc/Tombolo.md")
    let base = Repository.root.appending(path: Self.folder)
    for file in try FileManager.default.contentsOfDirectory(atPath: base.path) where file.hasSuffix(".md") {
      #expect(front.contains("<doc:\(file.dropLast(3))>"), "\(file) is not in Tombolo.md")
    }
  }
}
