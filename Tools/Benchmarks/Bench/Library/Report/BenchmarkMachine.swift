import Foundation

/// What kind of machine was measured: enough to know which results may be compared.
package struct BenchmarkMachine: Codable, Hashable, Sendable, CustomStringConvertible {
  package var processor: String
  package var processorCount: Int
  package var memoryMebibytes: Int
  package var system: String
  /// The kind of file system of the folder that was measured.
  package var fileSystem: String
  /// Whether what was measured is a debug build, whose figures say nothing.
  package var isDebugBuild: Bool

  package init(
    processor: String, processorCount: Int, memoryMebibytes: Int, system: String, fileSystem: String,
    isDebugBuild: Bool
  ) {
    self.processor = processor
    self.processorCount = processorCount
    self.memoryMebibytes = memoryMebibytes
    self.system = system
    self.fileSystem = fileSystem
    self.isDebugBuild = isDebugBuild
  }

  package var description: String {
    "\(processorCount) × \(processor), \(memoryMebibytes) MiB, \(fileSystem), \(system)"
      + (isDebugBuild ? ", **debug build**" : "")
  }

  /// What makes the figures say something else than they seem to, in words; `nil` where nothing does.
  package func warning(about folder: String) -> String? {
    if isDebugBuild { return "this is a debug build: its figures say nothing" }
    guard ["tmpfs", "ramfs"].contains(fileSystem) else { return nil }
    return """
      \(folder) is in memory (\(fileSystem)), where a flush costs nothing: this measures processors, and goals are for a disk; --folder \
      chooses one
      """
  }

  /// This machine, with the file system that `folder` is on.
  static func current(folder: String) -> BenchmarkMachine {
    let information = ProcessInfo.processInfo
    #if DEBUG
      let isDebugBuild = true
    #else
      let isDebugBuild = false
    #endif
    return BenchmarkMachine(
      processor: value("model name", in: "/proc/cpuinfo") ?? "unknown processor",
      processorCount: information.activeProcessorCount, memoryMebibytes: Int(information.physicalMemory >> 20),
      system: information.operatingSystemVersionString, fileSystem: fileSystem(of: folder) ?? "unknown file system",
      isDebugBuild: isDebugBuild)
  }

  private static func value(_ name: String, in path: String) -> String? {
    text(path)?.split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: ":").last
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// That of the longest mount point above the folder.
  private static func fileSystem(of folder: String) -> String? {
    let path = URL(filePath: folder).resolvingSymlinksInPath().path
    var longest: (point: String, kind: String)?
    for line in (text("/proc/self/mounts") ?? "").split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      guard words.count > 2 else { continue }
      let point = words[1]
      let isAbove = point == "/" || path == point || path.hasPrefix(point + "/")
      if isAbove, point.count >= longest?.point.count ?? 0 { longest = (point, words[2]) }
    }
    return longest?.kind
  }

  /// `nil` on systems that do not have it: the record then says that it is not known.
  private static func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }
}
