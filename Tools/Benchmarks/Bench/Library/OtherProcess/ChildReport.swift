import Foundation

/// What a process that was started to be measured says of itself.
struct ChildReport: Codable {
  /// How long it took to fill, or to open, by the clock.
  var seconds: Double
  var processorSeconds: Double
  /// What was resident when that was done.
  var memory: MemoryReading
  /// What was resident when it had worked with the store.
  var memoryAtWork: MemoryReading?
}

/// What is resident of a process, in MiB.
struct MemoryReading: Codable {
  /// Its own.
  var own: Double
  /// Pages of files, which the system takes back when it needs room.
  var files: Double

  var resident: Double { own + files }

  /// That of this process; throws where the system does not tell.
  static func current() throws -> MemoryReading {
    guard let status = FileManager.default.contents(atPath: "/proc/self/status") else {
      throw BenchmarkError("memory is read from /proc/self/status, which this system does not have")
    }
    let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
    func mebibytes(_ name: String) throws -> Double {
      guard
        let words = lines.first(where: { $0.hasPrefix("\(name):") })?.split(whereSeparator: \.isWhitespace),
        words.count > 1, let kibibytes = Double(words[1])
      else { throw BenchmarkError("/proc/self/status does not tell \(name)") }
      return kibibytes / 1_024
    }
    return MemoryReading(
      own: try mebibytes("RssAnon"), files: try mebibytes("RssFile") + mebibytes("RssShmem"))
  }
}
