// swift-tools-version: 6.2
import PackageDescription

// A package as somebody else would write it: an agent with a storage, a delivery, a backoff and a policy of their own. In repositories of
// their own the dependencies would be `.package(url: …, from: …)`.
let package = Package(
  name: "strangers-parts",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "strangers-agent", targets: ["strangers-agent"])],
  dependencies: [
    .package(name: "tombolo", path: "../../.."),
    .package(name: "strangers-storage", path: "../StrangersStorage"),
  ],
  targets: [
    .executableTarget(
      name: "strangers-agent",
      dependencies: [
        .product(name: "StrangersStorage", package: "strangers-storage"),
        .product(name: "TomboloComposition", package: "tombolo"), .product(name: "TomboloPorts", package: "tombolo"),
        .product(name: "TomboloProgram", package: "tombolo"), .product(name: "TomboloResilience", package: "tombolo"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
