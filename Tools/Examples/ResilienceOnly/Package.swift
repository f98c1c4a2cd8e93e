// swift-tools-version: 6.2
import PackageDescription

// A package that wants the policies and nothing else of Tombolo. In a repository of its own the first line would be
// `.package(url: …, from: …, traits: [])`. `./check` shows that nothing else is compiled and nothing is fetched.
let package = Package(
  name: "resilience-only",
  platforms: [.macOS(.v15), .iOS(.v18)],
  dependencies: [.package(name: "tombolo", path: "../../..", traits: [])],
  targets: [
    .executableTarget(
      name: "resilience-only", dependencies: [.product(name: "TomboloResilience", package: "tombolo")],
      path: "Sources")
  ],
  swiftLanguageModes: [.v6]
)
