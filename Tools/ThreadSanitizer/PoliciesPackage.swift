// swift-tools-version: 6.2
import PackageDescription

// TomboloResilience and its tests alone, for `Tools/tsan`, which links the two folders beside a copy of this manifest.
let package = Package(
  name: "policies",
  platforms: [.macOS(.v15), .iOS(.v18)],
  targets: [
    .target(name: "TomboloResilience", path: "TomboloResilience"),
    .testTarget(
      name: "TomboloResilienceTests", dependencies: ["TomboloResilience"], path: "TomboloResilienceTests"),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
  ]
}
