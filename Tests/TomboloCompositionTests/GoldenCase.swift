import Foundation
import Testing
import TomboloComposition

/// A config file and what must come of it, as two files side by side: `NAME.yaml`, or `NAME.json`, and the same with
/// `.expected` behind it.
///
/// Comments at the head of a YAML file may set the other layers:
///
///     # env: TOMBOLO_STORAGE_PATH=./elsewhere
///     # set: queue.concurrency=4
///
/// To add a case, add the config, run the tests with `TOMBOLO_UPDATE_GOLDEN=1`, and read what was written.
struct GoldenCase: CustomTestStringConvertible, Sendable {
  var folder: String
  /// The name of the config file.
  var name: String

  var testDescription: String { "\(folder)/\(name)" }

  static func all(in folder: String) throws -> [GoldenCase] {
    try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
      .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".json") }
      .sorted()
      .map { GoldenCase(folder: folder, name: $0) }
  }

  /// The names of the files that say what is expected, read or not.
  static func expectations(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
      .filter { $0.hasSuffix(".expected") }
      .sorted()
  }

  static func all() throws -> [GoldenCase] { try all(in: "valid") + all(in: "invalid") }

  /// What the config file holds.
  func text() throws -> String { try String(contentsOf: file(""), encoding: .utf8) }

  /// The variables that the head of a config sets.
  static func environment(in text: String) -> [String: String] {
    // Without a `=` it is none: no system hands such a thing to a program.
    let variables = directives("env", in: text).compactMap { text in
      text.firstIndex(of: "=").map { (String(text[..<$0]), String(text[text.index(after: $0)...])) }
    }
    return Dictionary(variables.filter { !$0.0.isEmpty }, uniquingKeysWith: { $1 })
  }

  /// The effective values, or the text of the error.
  func actual() throws -> String {
    let text = try text()
    let loader = ConfigurationLoader(registry: try FakePlugins.registry())
    do {
      return try loader.load(
        file: name, text: text, environment: Self.environment(in: text), overrides: Self.directives("set", in: text)
      ).text + "\n"
    } catch {
      return "\(error)\n"
    }
  }

  /// What is expected; writes it first when the golden files are to be updated.
  func expected(actual: String) throws -> String {
    if ProcessInfo.processInfo.environment["TOMBOLO_UPDATE_GOLDEN"] != nil {
      try actual.write(to: file(".expected"), atomically: true, encoding: .utf8)
    }
    return try String(contentsOf: file(".expected"), encoding: .utf8)
  }

  static func directives(_ name: String, in text: String) -> [String] {
    text.split(separator: "\n").prefix { $0.hasPrefix("#") }
      .filter { $0.hasPrefix("# \(name): ") }
      .map { String($0.dropFirst("# \(name): ".count)) }
  }

  /// Updating must reach the sources, so the cases are read there too.
  private static var root: URL { URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden") }

  private func file(_ suffix: String) -> URL { Self.root.appending(path: "\(folder)/\(name)\(suffix)") }
}
