import Testing

@Suite("The example of a storage plugin is what the guide says")
struct ExampleRuleTests {
  static let folder = "Tools/Examples/StrangersStorage"

  @Test("of ours it imports TomboloPorts, its rules TomboloConformance and its agent TomboloProgram, and nothing else")
  func imports() throws {
    let allowed = [
      "Sources/StrangersStorage": ["TomboloPorts"],
      "Sources/strangers-tombolo": ["StrangersStorage", "TomboloProgram"],
      "Tests": ["StrangersStorage", "TomboloConformance", "TomboloPorts", "Testing"],
    ]
    for (part, modules) in allowed {
      let files = try Repository.swiftFiles(in: "\(Self.folder)/\(part)")
      #expect(!files.isEmpty)
      for file in files {
        let foreign = try Repository.imports(of: file).subtracting(ImportRuleTests.toolchain).subtracting(modules)
        #expect(foreign.isEmpty, "\(file) imports \(foreign.sorted())")
      }
    }
  }

  @Test("it has under 200 lines")
  func length() throws {
    let counts = try Repository.swiftFiles(in: "\(Self.folder)/Sources/StrangersStorage").map { file in
      try Repository.text(file).split(separator: "\n", omittingEmptySubsequences: false).count - 1
    }
    #expect(counts.reduce(0, +) < 200, "\(counts)")
  }
}
