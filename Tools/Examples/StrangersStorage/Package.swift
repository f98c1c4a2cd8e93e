// swift-tools-version: 6.2
import PackageDescription

// A package as somebody else would write it. The storage needs none of Tombolo's drivers, so it asks for none of Tombolo's
// traits, and nothing but swift-log is fetched for it. The agent needs them all; its own trait switches them on.
let package = Package(
  name: "strangers-storage",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "StrangersStorage", targets: ["StrangersStorage"]),
    .executable(name: "strangers-tombolo", targets: ["strangers-tombolo"]),
  ],
  traits: [.trait(name: "Agent", description: "strangers-tombolo: the agent, with this storage compiled in.")],
  dependencies: [
    // In a repository of its own: `.package(url: …, from: …, traits: …)`.
    .package(
      name: "tombolo", path: "../../..", traits: [.trait(name: "Agent", condition: .when(traits: ["Agent"]))])
  ],
  targets: [
    .target(name: "StrangersStorage", dependencies: [.product(name: "TomboloPorts", package: "tombolo")]),
    .executableTarget(
      name: "strangers-tombolo",
      dependencies: [
        "StrangersStorage",
        .product(name: "TomboloProgram", package: "tombolo", condition: .when(traits: ["Agent"])),
      ]),
    .testTarget(
      name: "StrangersStorageTests",
      dependencies: [
        "StrangersStorage", "strangers-tombolo",
        .product(name: "TomboloConformance", package: "tombolo"),
        .product(name: "TomboloPorts", package: "tombolo"),
        .product(name: "example-upstream", package: "tombolo", condition: .when(traits: ["Agent"])),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
