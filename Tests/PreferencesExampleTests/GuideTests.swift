import Foundation
import Testing

@Suite("The guides of working offline")
struct GuideTests {
  /// Where the code of each guide is compiled.
  static let sources: [String: [String]] = [
    "MakeYourServiceWorkOffline": [
      "Tools/Examples/Preferences/Library", "Tools/Examples/Preferences/Service", "Tools/Examples/Tasks",
    ],
    "MoveFromAHandWrittenOutbox": ["Tools/Examples/Outbox"],
    "DecideConflicts": [
      "Tools/Examples/Preferences/Library", "Tools/Examples/Preferences/Service", "Tests/PreferencesExampleTests",
      "Tests/TomboloOfflineTests/Tests",
    ],
  ]

  @Test("show only code that is compiled", arguments: sources.keys.sorted())
  func snippets(_ guide: String) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appending(path: "Modules/Tombolo/Documentation.docc/Offline/\(guide).md"), encoding: .utf8)
    let files = try (Self.sources[guide] ?? []).flatMap { folder in
      try FileManager.default.contentsOfDirectory(
        at: root.appending(path: folder), includingPropertiesForKeys: nil)
    }
    let sources = try files.filter { $0.pathExtension == "swift" }.map { try String(contentsOf: $0, encoding: .utf8) }
    // What is said of a folder of examples is said of one that is there.
    for match in text.matches(of: #/`(Tools/Examples/[A-Za-z]+)`/#) {
      #expect(FileManager.default.fileExists(atPath: root.appending(path: String(match.1)).path), "\(match.1)")
    }
    let snippets = text.components(separatedBy: "```swift\n").dropFirst()
      .compactMap { $0.components(separatedBy: "\n```").first }
    #expect(snippets.count >= 4)
    for snippet in snippets { #expect(sources.contains { $0.contains(snippet) }, "not compiled:\n\(snippet)") }
  }
}
