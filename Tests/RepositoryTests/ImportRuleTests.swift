import Testing

/// The layers of the architecture, as rules on what a folder may import.
@Suite("The layers keep their distance")
struct ImportRuleTests {
  /// What comes with the toolchain and is no dependency.
  static let toolchain: Set<String> = [
    "Swift", "Synchronization", "Foundation", "FoundationEssentials", "Dispatch", "Glibc", "Musl", "Darwin", "Network",
  ]
  static let layer0: Set<String> = ["TomboloPorts", "TomboloResilience", "TomboloContainer"]
  static let testProducts: Set<String> = ["TomboloTesting", "TomboloConformance"]
  static let plugins: Set<String> = [
    "SQLiteStorage", "FileStorage", "LMDBStorage", "StorageEncryption", "HTTPDelivery", "HTTPProbe", "GRPCDelivery",
  ]

  /// What each module of ours may import beside the toolchain.
  static let allowed: [String: Set<String>] = [
    "TomboloPorts": [],
    "TomboloResilience": [],
    "TomboloContainer": [],
    "TomboloNetwork": ["TomboloPorts", "Logging"],
    // The second is its own part in C.
    "TomboloStorage": ["TomboloPorts", "CTomboloChecksum"],
    "TomboloQueue": ["TomboloPorts", "TomboloResilience", "TomboloStorage", "Logging"],
    "TomboloOffline": ["TomboloPorts", "TomboloResilience", "TomboloStorage", "TomboloQueue", "Logging"],
    "TomboloTelemetry": ["TomboloPorts", "TomboloResilience", "TomboloQueue", "Logging", "CoreMetrics", "Tracing"],
    "TomboloTesting": ["TomboloPorts"],
    "TomboloConformance": ["TomboloPorts"],
    "TomboloComposition": [
      "TomboloPorts", "TomboloResilience", "TomboloContainer", "TomboloNetwork", "TomboloStorage", "TomboloQueue",
      "Logging", "Yams", "ServiceLifecycle",
    ],
    "Tombolo": [
      "TomboloPorts", "TomboloResilience", "TomboloContainer", "TomboloNetwork", "TomboloStorage", "TomboloQueue",
      "TomboloOffline",
    ],
  ]

  @Test("every module imports only what its layer allows", arguments: allowed.keys.sorted())
  func modules(module: String) throws {
    let allowed = try #require(Self.allowed[module])
    let files = try Repository.swiftFiles(in: "Modules/\(module)")
    #expect(!files.isEmpty)
    for file in files {
      let foreign = try Repository.imports(of: file).subtracting(Self.toolchain).subtracting(allowed)
      #expect(foreign.isEmpty, "\(file) imports \(foreign.sorted())")
    }
  }

  @Test("every folder in Modules has its rule here")
  func everyModuleHasARule() throws {
    let modules = Set(try Repository.swiftFiles(in: "Modules").map { $0.split(separator: "/")[1] }.map(String.init))
    #expect(modules.subtracting(Self.allowed.keys).isEmpty)
  }

  @Test("layer 0 uses not even Foundation")
  func layer0NeedsOnlyTheStandardLibrary() throws {
    for module in Self.layer0 {
      for file in try Repository.swiftFiles(in: "Modules/\(module)") {
        let imports = try Repository.imports(of: file)
        #expect(imports.isDisjoint(with: ["Foundation", "FoundationEssentials", "Dispatch"]), "\(file)")
      }
    }
  }

  @Test("a plugin imports no other plugin, and of ours only the ports and TomboloStorage")
  func plugins() throws {
    for file in try Repository.swiftFiles(in: "Plugins") {
      let own = String(file.split(separator: "/")[1])
      let imports = try Repository.imports(of: file)
      let others = imports.intersection(Self.plugins).subtracting([own])
      #expect(others.isEmpty, "\(file) imports \(others.sorted())")
      let ours = imports.filter { $0.hasPrefix("Tombolo") }
      #expect(ours.subtracting(["TomboloPorts", "TomboloStorage"]).isEmpty, "\(file) imports \(ours.sorted())")
    }
  }

  @Test("test products are imported by Tests and Tools only", arguments: ["Modules", "Plugins"])
  func testProducts(folder: String) throws {
    for file in try Repository.swiftFiles(in: folder)
    where !file.contains("TomboloTesting") && !file.contains("TomboloConformance") {
      #expect(try Repository.imports(of: file).isDisjoint(with: Self.testProducts), "\(file)")
    }
  }
}
