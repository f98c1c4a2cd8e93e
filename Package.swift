// swift-tools-version: 6.2
import PackageDescription

// Heavy drivers sit behind traits: a dependency whose every use is behind a trait that is switched off is not even
// fetched by an importer. `traits: []` therefore gives a package that depends on swift-log alone.
let package = Package(
  name: "tombolo",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "TomboloPorts", targets: ["TomboloPorts"]),
    .library(name: "TomboloResilience", targets: ["TomboloResilience"]),
    .library(name: "TomboloContainer", targets: ["TomboloContainer"]),
    .library(name: "TomboloNetwork", targets: ["TomboloNetwork"]),
    .library(name: "TomboloStorage", targets: ["TomboloStorage"]),
    .library(name: "TomboloQueue", targets: ["TomboloQueue"]),
    .library(name: "TomboloOffline", targets: ["TomboloOffline"]),
    .library(name: "TomboloTelemetry", targets: ["TomboloTelemetry"]),
    .library(name: "TomboloComposition", targets: ["TomboloComposition"]),
    .library(name: "TomboloTesting", targets: ["TomboloTesting"]),
    .library(name: "TomboloConformance", targets: ["TomboloConformance"]),
    .library(name: "Tombolo", targets: ["Tombolo"]),
    .library(name: "FileStorage", targets: ["FileStorage"]),
    .library(name: "SQLiteStorage", targets: ["SQLiteStorage"]),
    .library(name: "LMDBStorage", targets: ["LMDBStorage"]),
    .library(name: "StorageEncryption", targets: ["StorageEncryption"]),
    .library(name: "HTTPDelivery", targets: ["HTTPDelivery"]),
    .library(name: "GRPCDelivery", targets: ["GRPCDelivery"]),
    .library(name: "HTTPProbe", targets: ["HTTPProbe"]),
    .library(name: "TomboloProgram", targets: ["TomboloProgram"]),
    .executable(name: "tombolo", targets: ["tombolo-cli"]),
    .executable(name: "example-upstream", targets: ["example-upstream"]),
  ],
  traits: [
    .trait(name: "HTTP", description: "HTTPDelivery and HTTPProbe: delivery and probes through AsyncHTTPClient."),
    .trait(name: "GRPC", description: "GRPCDelivery: delivery through grpc-swift-2 over SwiftNIO."),
    .trait(name: "Configuration", description: "TomboloComposition: config files (Yams) and service-lifecycle."),
    .trait(name: "Encryption", description: "StorageEncryption: encryption at rest through swift-crypto."),
    .trait(name: "Metrics", description: "TomboloTelemetry: metrics through swift-metrics."),
    .trait(name: "Tracing", description: "TomboloTelemetry: traces through swift-distributed-tracing."),
    .trait(
      name: "Agent", description: "The `tombolo` program, its HTTP interface and the example upstream.",
      enabledTraits: ["HTTP", "GRPC", "Configuration", "Encryption", "Metrics", "Tracing"]),
    .default(enabledTraits: ["Agent"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.4.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "3.12.3"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.81.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.3.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    // Layer 0: the standard library only.
    .target(name: "TomboloPorts", path: "Modules/TomboloPorts"),
    .target(name: "TomboloResilience", path: "Modules/TomboloResilience"),
    .target(name: "TomboloContainer", path: "Modules/TomboloContainer"),

    // Layer 1: ports and swift-log.
    .target(
      name: "TomboloNetwork",
      dependencies: ["TomboloPorts", .product(name: "Logging", package: "swift-log")],
      path: "Modules/TomboloNetwork"),
    .target(name: "CTomboloChecksum", path: "Modules/CTomboloChecksum"),
    .target(
      name: "TomboloStorage", dependencies: ["TomboloPorts", "CTomboloChecksum"], path: "Modules/TomboloStorage"),
    .target(
      name: "TomboloQueue",
      dependencies: [
        "TomboloPorts", "TomboloResilience", "TomboloStorage", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Modules/TomboloQueue"),
    .target(
      name: "TomboloOffline",
      dependencies: [
        "TomboloPorts", "TomboloResilience", "TomboloStorage", "TomboloQueue",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Modules/TomboloOffline"),

    .target(
      name: "TomboloTelemetry",
      dependencies: [
        "TomboloPorts", "TomboloResilience", "TomboloQueue", .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
        .product(name: "Tracing", package: "swift-distributed-tracing", condition: .when(traits: ["Tracing"])),
      ],
      path: "Modules/TomboloTelemetry"),

    // Layer 2: all of the above by their ports.
    .target(
      name: "TomboloComposition",
      dependencies: [
        "TomboloPorts", "TomboloResilience", "TomboloContainer", "TomboloNetwork", "TomboloStorage", "TomboloQueue",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Yams", package: "Yams", condition: .when(traits: ["Configuration"])),
        .product(
          name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Configuration"])),
      ],
      path: "Modules/TomboloComposition"),
    .target(
      name: "Tombolo",
      dependencies: [
        "TomboloPorts", "TomboloResilience", "TomboloContainer", "TomboloNetwork", "TomboloStorage", "TomboloQueue",
        "TomboloOffline",
      ],
      path: "Modules/Tombolo"),
    .target(name: "TomboloTesting", dependencies: ["TomboloPorts"], path: "Modules/TomboloTesting"),
    .target(name: "TomboloConformance", dependencies: ["TomboloPorts"], path: "Modules/TomboloConformance"),

    // Plugins: ports, TomboloStorage where an engine needs it, and one driver.
    .systemLibrary(
      name: "CSQLite", path: "Plugins/SQLiteStorage/CSQLite", pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
    .target(
      name: "CSQLiteStorage", dependencies: ["CSQLite"], path: "Plugins/SQLiteStorage/CSQLiteStorage"),
    .target(
      name: "SQLiteStorage", dependencies: ["TomboloPorts", "TomboloStorage", "CSQLite", "CSQLiteStorage"],
      path: "Plugins/SQLiteStorage/Sources"),
    .target(name: "CFileStorage", path: "Plugins/FileStorage/CFileStorage"),
    .target(
      name: "FileStorage", dependencies: ["TomboloPorts", "TomboloStorage", "CFileStorage"],
      path: "Plugins/FileStorage", exclude: ["CFileStorage"]),
    .systemLibrary(
      name: "CLMDB", path: "Plugins/LMDBStorage/CLMDB", pkgConfig: "lmdb",
      providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]),
    .target(
      name: "LMDBStorage", dependencies: ["TomboloPorts", "TomboloStorage", "CLMDB"],
      path: "Plugins/LMDBStorage/Sources"),
    .target(
      name: "StorageEncryption",
      dependencies: [
        "TomboloPorts", "TomboloStorage",
        .product(name: "Crypto", package: "swift-crypto", condition: .when(traits: ["Encryption"])),
      ],
      path: "Plugins/StorageEncryption"),
    .target(
      name: "HTTPDelivery",
      dependencies: [
        "TomboloPorts",
        .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["HTTP"])),
      ],
      path: "Plugins/HTTPDelivery"),
    .target(
      name: "GRPCDelivery",
      dependencies: [
        "TomboloPorts",
        .product(name: "GRPCCore", package: "grpc-swift-2", condition: .when(traits: ["GRPC"])),
        .product(
          name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport", condition: .when(traits: ["GRPC"])),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf", condition: .when(traits: ["GRPC"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["GRPC"])),
        .product(name: "NIOTLS", package: "swift-nio", condition: .when(traits: ["GRPC"])),
        .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: .when(traits: ["GRPC"])),
      ],
      path: "Plugins/GRPCDelivery", exclude: ["Protocol/operation_delivery.proto"]),
    .target(
      name: "HTTPProbe",
      dependencies: [
        "TomboloPorts",
        .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["HTTP"])),
      ],
      path: "Plugins/HTTPProbe"),

    // Layer 3: the agent, with every plugin compiled in.
    .target(
      name: "TomboloAgent",
      dependencies: [
        "TomboloPorts", "TomboloQueue", "TomboloNetwork", .product(name: "Logging", package: "swift-log"),
        .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["Agent"])),
        .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Agent"])),
        .product(name: "HummingbirdCore", package: "hummingbird", condition: .when(traits: ["Agent"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Agent"])),
        .product(
          name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Configuration"])),
      ],
      path: "Tools/tombolo/Agent"),
    // The program as a library: a package of one's own builds it with further plugins.
    .target(
      name: "TomboloProgram",
      dependencies: [
        "TomboloAgent", "TomboloComposition", "TomboloPorts", "TomboloQueue", "TomboloNetwork", "TomboloStorage",
        "TomboloResilience", "TomboloTelemetry", "TomboloConformance", "FileStorage", "SQLiteStorage", "LMDBStorage",
        "StorageEncryption", "HTTPDelivery", "HTTPProbe", "GRPCDelivery", "ExampleUpstream",
        "TomboloBenchmark",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
        .product(name: "Tracing", package: "swift-distributed-tracing", condition: .when(traits: ["Tracing"])),
        .product(name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["Agent"])),
        .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(
          name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Configuration"])),
        .product(name: "UnixSignals", package: "swift-service-lifecycle", condition: .when(traits: ["Configuration"])),
      ],
      path: "Tools/tombolo/Program"),
    .executableTarget(name: "tombolo-cli", dependencies: ["TomboloProgram"], path: "Tools/tombolo/Main"),
    .target(
      name: "ExampleUpstream",
      dependencies: [
        .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["Agent"])),
        .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Agent"])),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Agent"])),
        .product(
          name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Configuration"])),
        .product(name: "UnixSignals", package: "swift-service-lifecycle", condition: .when(traits: ["Configuration"])),
      ],
      path: "Tools/Examples/Upstream/Library"),
    .executableTarget(
      name: "example-upstream",
      dependencies: [
        "ExampleUpstream",
        .product(name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["Agent"])),
      ],
      path: "Tools/Examples/Upstream/Program"),
    .target(
      name: "PreferencesExample",
      dependencies: [
        "TomboloPorts", "TomboloNetwork", "TomboloQueue", "TomboloOffline",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tools/Examples/Preferences/Library"),
    // The same service over gRPC: the half that asks the server, the server itself, and two devices in one example.
    .target(
      name: "PreferencesService",
      dependencies: [
        "PreferencesExample", "TomboloPorts", "TomboloNetwork", "TomboloStorage", "TomboloQueue", "TomboloOffline",
        "TomboloTesting", .product(name: "Logging", package: "swift-log"),
        .product(name: "GRPCCore", package: "grpc-swift-2", condition: .when(traits: ["GRPC"])),
        .product(
          name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport", condition: .when(traits: ["GRPC"])),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf", condition: .when(traits: ["GRPC"])),
        .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: .when(traits: ["GRPC"])),
      ],
      path: "Tools/Examples/Preferences/Service", exclude: ["preferences.proto"]),
    .executableTarget(
      name: "example-preferences-server", dependencies: ["PreferencesService", "FileStorage"],
      path: "Tools/Examples/Preferences/Server"),
    .executableTarget(
      name: "preferences-example",
      dependencies: [
        "PreferencesExample", "PreferencesService", "TomboloStorage", "TomboloTesting",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tools/Examples/Preferences/Program"),
    .target(
      name: "TasksExample", dependencies: ["TomboloPorts", "TomboloQueue", "TomboloOffline"],
      path: "Tools/Examples/Tasks"),
    .target(
      name: "OutboxExample", dependencies: ["TomboloPorts", "TomboloStorage", "TomboloQueue", "TomboloOffline"],
      path: "Tools/Examples/Outbox"),
    .executableTarget(
      name: "quickstart", dependencies: ["TomboloPorts", "TomboloQueue", "SQLiteStorage"],
      path: "Tools/Examples/QuickStart"),
    .executableTarget(
      name: "resilience-samples", dependencies: ["TomboloResilience"], path: "Tools/Examples/ResilienceSamples"),
    .executableTarget(
      name: "resilience-overhead", dependencies: ["TomboloResilience"], path: "Tools/Benchmarks/ResilienceOverhead"),
    .executableTarget(
      name: "composite-overhead",
      dependencies: [
        "PreferencesExample", "TomboloPorts", "TomboloNetwork", "TomboloOffline", "TomboloStorage", "FileStorage",
        "SQLiteStorage", "LMDBStorage", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tools/Benchmarks/CompositeOverhead"),
    // Ours against what each engine can do at best: `tombolo bench`, and a program of its own without the command line.
    .target(
      name: "TomboloBenchmark",
      dependencies: [
        "TomboloAgent", "TomboloNetwork", "TomboloPorts", "TomboloQueue", "TomboloStorage", "FileStorage",
        "SQLiteStorage", "LMDBStorage",
        "CFileStorage", "CSQLite", "CSQLiteStorage", "CLMDB",
        .product(name: "Logging", package: "swift-log"),
        .product(
          name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Configuration"])),
        .product(name: "Histogram", package: "hdrhistogram-swift", condition: .when(traits: ["Agent"])),
        .product(name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["Agent"])),
      ],
      path: "Tools/Benchmarks/Bench/Library"),
    .executableTarget(
      name: "tombolo-bench",
      dependencies: [
        "TomboloBenchmark",
        .product(name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["Agent"])),
      ],
      path: "Tools/Benchmarks/Bench/Program"),
    // What a callgrind run counts: no engine, no disk.
    .executableTarget(
      name: "instruction-probe", dependencies: ["TomboloPorts", "TomboloStorage", "TomboloQueue"],
      path: "Tools/Benchmarks/InstructionProbe"),
    .executableTarget(
      name: "file-floor", dependencies: ["TomboloPorts", "TomboloStorage", "FileStorage"],
      path: "Tools/Benchmarks/FileFloor"),
    .executableTarget(
      name: "backlog-cost",
      dependencies: ["TomboloPorts", "TomboloQueue", "FileStorage", "SQLiteStorage", "LMDBStorage"],
      path: "Tools/Benchmarks/BacklogCost"),
    .executableTarget(
      name: "lmdb-floor", dependencies: ["TomboloPorts", "LMDBStorage", "CLMDB"], path: "Tools/Benchmarks/LMDBFloor"),
    // A fleet that comes back after an outage, in virtual time, with the queue's recovery and a naive one.
    .target(
      name: "FleetSimulation",
      dependencies: ["TomboloPorts", "TomboloResilience", "TomboloQueue", "TomboloTesting"],
      path: "Tools/Benchmarks/FleetRecovery/Library"),
    .executableTarget(
      name: "fleet-recovery", dependencies: ["FleetSimulation"], path: "Tools/Benchmarks/FleetRecovery/Program"),
    // A stranger's agent, from two packages of examples: built here once, so that tests can run it. Without access to what is
    // `package`, as a stranger has none.
    .executableTarget(
      name: "example-strangers-agent",
      dependencies: ["TomboloComposition", "TomboloPorts", "TomboloProgram", "TomboloResilience", "TomboloStorage"],
      path: "Tools/Examples",
      exclude: [
        "Configurations", "NetworkOnly", "Outbox", "Preferences", "QuickStart", "ResilienceOnly", "ResilienceSamples",
        "Tasks",
        "StrangersParts/Package.swift", "StrangersParts/tombolo.yaml", "StrangersStorage/Package.swift",
        "StrangersStorage/Sources/strangers-tombolo", "StrangersStorage/Tests", "Upstream",
      ],
      sources: ["StrangersParts/Sources/strangers-agent", "StrangersStorage/Sources/StrangersStorage"],
      packageAccess: false),

    // Tests: one target a module; EndToEndTests runs the built programs as separate processes.
    .testTarget(name: "TomboloPortsTests", dependencies: ["TomboloPorts"], path: "Tests/TomboloPortsTests"),
    .testTarget(
      name: "TomboloResilienceTests", dependencies: ["TomboloResilience"], path: "Tests/TomboloResilienceTests"),
    .testTarget(
      name: "TomboloTelemetryTests",
      dependencies: [
        "TomboloPorts", "TomboloResilience", "TomboloStorage", "TomboloQueue", "TomboloTelemetry", "TomboloTesting",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "InMemoryLogging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
        .product(name: "MetricsTestKit", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
        .product(name: "InMemoryTracing", package: "swift-distributed-tracing", condition: .when(traits: ["Tracing"])),
        .product(name: "Tracing", package: "swift-distributed-tracing", condition: .when(traits: ["Tracing"])),
      ],
      path: "Tests/TomboloTelemetryTests"),
    .testTarget(name: "TomboloContainerTests", dependencies: ["TomboloContainer"], path: "Tests/TomboloContainerTests"),
    .testTarget(
      name: "TomboloStorageTests", dependencies: ["TomboloPorts", "TomboloStorage", "TomboloTesting"],
      path: "Tests/TomboloStorageTests"),
    .testTarget(
      name: "TomboloTestingTests",
      dependencies: [
        "TomboloPorts", "TomboloTesting", "TomboloQueue", "TomboloResilience", "TomboloStorage",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/TomboloTestingTests"),
    .testTarget(
      name: "SQLiteStorageTests",
      dependencies: [
        "TomboloPorts", "TomboloStorage", "TomboloTesting", "SQLiteStorage", "CSQLite", "CSQLiteStorage",
      ],
      path: "Tests/SQLiteStorageTests"),
    .testTarget(
      name: "FileStorageTests", dependencies: ["TomboloPorts", "TomboloStorage", "TomboloTesting", "FileStorage"],
      path: "Tests/FileStorageTests"),
    .testTarget(
      name: "LMDBStorageTests",
      dependencies: ["TomboloPorts", "TomboloStorage", "TomboloTesting", "LMDBStorage", "CLMDB"],
      path: "Tests/LMDBStorageTests"),
    .testTarget(
      name: "StorageEncryptionTests",
      dependencies: ["TomboloPorts", "TomboloStorage", "StorageEncryption", "TomboloTesting"],
      path: "Tests/StorageEncryptionTests"),
    .testTarget(
      name: "TomboloConformanceTests",
      dependencies: [
        "TomboloPorts", "TomboloStorage", "TomboloConformance", "TomboloTesting", "FileStorage", "SQLiteStorage",
        "LMDBStorage", "StorageEncryption",
      ],
      path: "Tests/TomboloConformanceTests"),
    // A program that writes into a store of any engine until it is killed, and the tests that kill it.
    .executableTarget(
      name: "storage-load",
      dependencies: ["TomboloPorts", "TomboloStorage", "FileStorage", "SQLiteStorage", "LMDBStorage"],
      path: "Tests/StorageCrashTests/Program"),
    .testTarget(
      name: "StorageCrashTests",
      dependencies: [
        "storage-load", "TomboloPorts", "TomboloStorage", "TomboloTesting", "FileStorage", "SQLiteStorage",
        "LMDBStorage", "CLMDB",
      ],
      path: "Tests/StorageCrashTests/Tests"),
    // A program that runs inside a network namespace, and the tests that change the namespace's interfaces under it.
    .executableTarget(
      name: "network-watch",
      dependencies: ["TomboloPorts", "TomboloNetwork", .product(name: "Logging", package: "swift-log")],
      path: "Tests/NetworkNamespaceTests/Program"),
    .testTarget(
      name: "NetworkNamespaceTests", dependencies: ["network-watch", "TomboloTesting"],
      path: "Tests/NetworkNamespaceTests/Tests"),
    .testTarget(
      name: "TomboloNetworkTests",
      dependencies: [
        "TomboloPorts", "TomboloNetwork", "TomboloTesting", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/TomboloNetworkTests"),
    .testTarget(
      name: "TomboloQueueTests",
      dependencies: [
        "TomboloPorts", "TomboloResilience", "TomboloStorage", "TomboloQueue", "TomboloTesting", "SQLiteStorage",
        "LMDBStorage", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/TomboloQueueTests"),
    .testTarget(
      name: "FleetRecoveryTests", dependencies: ["FleetSimulation", "TomboloQueue"], path: "Tests/FleetRecoveryTests"),
    .testTarget(
      name: "TomboloBenchmarkTests",
      dependencies: [
        "TomboloBenchmark", "tombolo-bench", "TomboloPorts", "TomboloQueue", "TomboloStorage",
        .product(name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["Agent"])),
        .product(name: "Histogram", package: "hdrhistogram-swift", condition: .when(traits: ["Agent"])),
      ],
      path: "Tests/TomboloBenchmarkTests", exclude: ["Golden"]),
    // A program that writes documents until it is killed, and the tests that kill it.
    .executableTarget(
      name: "offline-load",
      dependencies: ["TomboloPorts", "TomboloStorage", "TomboloQueue", "TomboloOffline", "FileStorage"],
      path: "Tests/TomboloOfflineTests/Program"),
    .testTarget(
      name: "TomboloOfflineTests",
      dependencies: [
        "offline-load", "TomboloPorts", "TomboloNetwork", "TomboloResilience", "TomboloStorage", "TomboloQueue",
        "TomboloOffline", "TomboloTesting", "FileStorage", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/TomboloOfflineTests/Tests"),
    .testTarget(
      name: "PreferencesExampleTests",
      dependencies: [
        "PreferencesExample", "PreferencesService", "preferences-example", "example-preferences-server", "TomboloPorts",
        "TomboloNetwork", "TomboloResilience", "TomboloStorage", "TomboloQueue", "TomboloOffline", "TomboloTesting",
        "FileStorage", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/PreferencesExampleTests"),
    .testTarget(
      name: "TasksExampleTests",
      dependencies: [
        "TasksExample", "TomboloPorts", "TomboloStorage", "TomboloQueue", "TomboloOffline", "TomboloTesting",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/TasksExampleTests"),
    .testTarget(
      name: "OutboxExampleTests",
      dependencies: [
        "OutboxExample", "TomboloPorts", "TomboloStorage", "TomboloQueue", "TomboloOffline", "TomboloTesting",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/OutboxExampleTests"),
    .testTarget(
      name: "TomboloCompositionTests",
      dependencies: [
        "TomboloPorts", "TomboloResilience", "TomboloComposition", "TomboloContainer", "TomboloNetwork",
        "TomboloStorage",
        "TomboloQueue", "TomboloTesting", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/TomboloCompositionTests",
      resources: [.copy("Golden")]),
    .testTarget(
      name: "HTTPDeliveryTests",
      dependencies: [
        "TomboloPorts", "TomboloTesting", "HTTPDelivery", "HTTPProbe", "ExampleUpstream",
        .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Agent"])),
        .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTP"])),
      ],
      path: "Tests/HTTPDeliveryTests"),
    // A gRPC server as a program of its own, and the tests that call it and kill it.
    .target(
      name: "GRPCUpstream",
      dependencies: [
        "GRPCDelivery",
        .product(name: "GRPCCore", package: "grpc-swift-2", condition: .when(traits: ["GRPC"])),
        .product(
          name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport", condition: .when(traits: ["GRPC"])),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf", condition: .when(traits: ["GRPC"])),
        .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: .when(traits: ["GRPC"])),
      ],
      path: "Tests/GRPCDeliveryTests/Upstream"),
    .executableTarget(
      name: "grpc-upstream", dependencies: ["GRPCUpstream"], path: "Tests/GRPCDeliveryTests/Program"),
    .testTarget(
      name: "GRPCDeliveryTests",
      dependencies: [
        "TomboloPorts", "TomboloTesting", "GRPCDelivery", "GRPCUpstream", "grpc-upstream",
        .product(name: "GRPCCore", package: "grpc-swift-2", condition: .when(traits: ["GRPC"])),
        .product(
          name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport", condition: .when(traits: ["GRPC"])),
        .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf", condition: .when(traits: ["GRPC"])),
        .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: .when(traits: ["GRPC"])),
      ],
      path: "Tests/GRPCDeliveryTests/Tests"),
    .testTarget(
      name: "TomboloAgentTests",
      dependencies: [
        "TomboloAgent", "TomboloPorts", "TomboloQueue", "TomboloNetwork", "TomboloStorage", "TomboloTesting",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(
          name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Configuration"])),
      ],
      path: "Tests/TomboloAgentTests"),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "tombolo-cli", "example-upstream", "grpc-upstream", "example-strangers-agent", "TomboloTesting",
        .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTP"])),
        .product(name: "NIOFoundationCompat", package: "swift-nio", condition: .when(traits: ["HTTP"])),
      ],
      path: "Tests/EndToEndTests"),
    .testTarget(
      name: "TomboloCommandLineTests",
      dependencies: [
        "TomboloProgram", "TomboloAgent", "TomboloPorts", "TomboloQueue", "TomboloComposition", "TomboloNetwork",
        "TomboloStorage", "TomboloTesting", "ExampleUpstream", .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
        .product(name: "MetricsTestKit", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
        .product(name: "InMemoryTracing", package: "swift-distributed-tracing", condition: .when(traits: ["Tracing"])),
        .product(name: "Tracing", package: "swift-distributed-tracing", condition: .when(traits: ["Tracing"])),
        .product(name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["Agent"])),
        .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
        .product(
          name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Configuration"])),
      ],
      path: "Tests/TomboloCommandLineTests"),
    .testTarget(name: "RepositoryTests", path: "Tests/RepositoryTests"),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
  ]
}
