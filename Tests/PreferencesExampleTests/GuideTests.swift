import Foundation
import Testing

@Suite("The guide \"How do I make my service work offline?\"")
struct GuideTests {
  @Test("shows only code of the example")
  func snippets() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let guide = try String(
      contentsOf: root.appendingPathComponent(
        "Modules/Tombolo/Documentation.docc/Offline/MakeYourServiceWorkOffline.md"), encoding: .utf8)
    let folder = root.appendingPathComponent("Tools/Examples/Preferences/Library")
    let sources = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .map { try String(contentsOf: $0, encoding: .utf8) }
    let snippets = guide.components(separatedBy: "```swift\n").dropFirst()
      .compactMap { $0.components(separatedBy: "\n```").first }
    #expect(snippets.count >= 4)
    for snippet in snippets { #expect(sources.contains { $0.contains(snippet) }, "not in the example:\n\(snippet)") }
  }
}
