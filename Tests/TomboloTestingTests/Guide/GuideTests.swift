import Foundation
import Testing

@Suite("The guide Test your handler in a simulated world")
struct GuideTests {
  @Test("shows only code that is compiled and run here")
  func snippets() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    let root = folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appending(path: "Modules/Tombolo/Documentation.docc/Queue/TestYourHandler.md"), encoding: .utf8)
    let sources = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "swift" }.map { try String(contentsOf: $0, encoding: .utf8) }
    let snippets = text.components(separatedBy: "```swift\n").dropFirst()
      .compactMap { $0.components(separatedBy: "\n```").first }
    #expect(snippets.count >= 4)
    for snippet in snippets { #expect(sources.contains { $0.contains(snippet) }, "not compiled:\n\(snippet)") }
  }
}
