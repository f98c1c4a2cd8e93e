import Testing

@Suite("The guide about the network says what is true")
struct NetworkGuideTests {
  @Test("its Swift is compiled, block by block, in the example that imports TomboloNetwork alone")
  func swiftIsCompiled() throws {
    let guide = try Repository.text("Modules/Tombolo/Documentation.docc/Network/IsTheNetworkThere.md")
    let example = ResilienceGuideTests.lines(
      try Repository.text("Tools/Examples/NetworkOnly/Sources/NetworkOnly/NetworkOnly.swift"))
    let blocks = guide.matches(of: #/```swift\n((?s).*?)\n```/#).map { ResilienceGuideTests.lines($0.1) }
    #expect(blocks.count == 2)
    for block in blocks {
      // The example is a program, with its imports at the top.
      let (imports, body) = (
        block.filter { $0.hasPrefix("import ") }, block.drop { $0.hasPrefix("import ") || $0.isEmpty }
      )
      #expect(imports.allSatisfy(example.contains))
      let isCompiled = example.indices.contains { example[$0...].starts(with: body) }
      #expect(isCompiled, "the example does not hold this block: \(body.joined(separator: "\n"))")
    }
  }
}
