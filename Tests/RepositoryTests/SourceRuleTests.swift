import Foundation
import Testing

@Suite("Libraries do not trap on what the world does")
struct SourceRuleTests {
  static let folders = ["Modules", "Plugins"]

  @Test("no try!, as!, fatalError, print or empty catch", arguments: folders)
  func noTraps(folder: String) throws {
    let traps = #/try!|\bas! |\bfatalError\(|\bpreconditionFailure\(|catch \{\s*\}|\bprint\(/#
    // What protoc writes is as it writes it.
    for file in try Repository.swiftFiles(in: folder) where !file.hasSuffix(".pb.swift") {
      for (number, line) in try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated()
      where !line.drop(while: \.isWhitespace).hasPrefix("//") {
        #expect(line.firstMatch(of: traps) == nil, "\(file):\(number + 1): \(line)")
      }
    }
  }

  @Test("unsafe and unchecked code carries a Safety line", arguments: folders)
  func safetyLines(folder: String) throws {
    for file in try Repository.swiftFiles(in: folder) {
      let lines = try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false)
      for (number, line) in lines.enumerated()
      where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
        let before = lines[max(0, number - 6)...number]
        #expect(before.contains { $0.contains("Safety:") }, "\(file):\(number + 1) has no Safety: line nearby")
      }
    }
  }

  @Test("nobody names a workplace's paths or a registry's host")
  func noForeignPaths() throws {
    // Put together here, so that this file does not hold what it looks for.
    let foreign = ["/wo" + "rk/", "/op" + "t/swift-packages", ".lib" + "rary/"]
    for folder in ["Modules", "Plugins", "Tests", "Tools"] {
      for file in try Repository.swiftFiles(in: folder) {
        let text = try Repository.text(file)
        for path in foreign { #expect(!text.contains(path), "\(file) names \(path)") }
      }
    }
  }
}
