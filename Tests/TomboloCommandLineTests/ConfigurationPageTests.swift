import Foundation
import Testing
import TomboloComposition

@testable import TomboloProgram

@Suite("The written reference is what the declarations say")
struct ConfigurationPageTests {
  private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Modules/Tombolo/Documentation.docc/Configuration/ConfigurationReference.md").standardized

  @Test("the page in the documentation has not drifted; `TOMBOLO_UPDATE_GOLDEN=1` writes it anew")
  func page() throws {
    let declared = ConfigurationReference(registry: try StandardPlugins.registry()).markdown
    if ProcessInfo.processInfo.environment["TOMBOLO_UPDATE_GOLDEN"] != nil {
      try declared.write(to: Self.page, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: Self.page, encoding: .utf8) == declared)
  }

  @Test("the schema for editors is one JSON document that knows every section")
  func schema() throws {
    let text = try ConfigurationReference(registry: StandardPlugins.registry()).jsonSchema()
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let sections = try #require(schema["properties"] as? [String: Any])
    #expect(Set(sections.keys).isSuperset(of: ["agent", "storage", "queue", "network", "delivery", "logging"]))
    #expect(schema["additionalProperties"] as? Bool == false)
  }
}
