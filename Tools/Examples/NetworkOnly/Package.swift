// swift-tools-version: 6.2
import PackageDescription

// A package that wants the network monitor and nothing else. `traits: []` switches every driver of Tombolo off, so that they
// are not even fetched; `check` proves what is compiled. In a repository of its own the dependency would be
// `.package(url: …, from: …, traits: [])`.
let package = Package(
  name: "network-only",
  platforms: [.macOS(.v15), .iOS(.v18)],
  dependencies: [
    .package(name: "tombolo", path: "../../..", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
  ],
  targets: [
    .executableTarget(
      name: "NetworkOnly",
      dependencies: [
        .product(name: "TomboloNetwork", package: "tombolo"), .product(name: "Logging", package: "swift-log"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
