// swift-tools-version: 6.2
import PackageDescription

// A package as somebody else would write it: it depends on Tombolo, without any of Tombolo's traits and their drivers. In a
// repository of its own the first line would be `.package(url: …, from: …, traits: [])`.
let package = Package(
  name: "strangers-storage",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [.library(name: "StrangersStorage", targets: ["StrangersStorage"])],
  dependencies: [.package(name: "tombolo", path: "../../..", traits: [])],
  targets: [
    .target(
      name: "StrangersStorage",
      dependencies: [
        .product(name: "TomboloPorts", package: "tombolo"), .product(name: "TomboloStorage", package: "tombolo"),
      ]),
    .testTarget(
      name: "StrangersStorageTests",
      dependencies: [
        "StrangersStorage", .product(name: "TomboloConformance", package: "tombolo"),
        .product(name: "TomboloPorts", package: "tombolo"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
