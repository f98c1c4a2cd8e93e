import Foundation
import Testing
import TomboloPorts

@testable import storage_load

@Suite("How often a store makes the disk flush, counted by the kernel's side", .serialized)
struct FlushTests {
  private static let commitCount = 20

  @Test("A full commit flushes, and one of durability none does not", arguments: StorageEngine.tested)
  func flushes(engine: StorageEngine) async throws {
    let full = try await flushCount(engine, .full)
    let normal = try await flushCount(engine, .normal)
    let none = try await flushCount(engine, .none)
    print("\(engine.rawValue): flushes of \(Self.commitCount) commits: full \(full), normal \(normal), none \(none)")
    #expect(full >= Self.commitCount)
    #expect(normal < full)
    #expect(engine == .lmdb || normal < Self.commitCount)
    #expect(none == 0)
  }

  /// The flushes, and the writes that flush by themselves, between the line that says the store is open and the one that says all is done.
  private func flushCount(_ engine: StorageEngine, _ durability: StoreDurability) async throws -> Int {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tombolo-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
    let trace = folder.appendingPathComponent("trace").path
    let load = try LoadProcess(
      [
        "--engine", engine.rawValue, "--path", folder.appendingPathComponent("store").path, "--durability",
        durability.rawValue, "--commits", "\(Self.commitCount)",
      ],
      under: ["strace", "-f", "-e", "trace=fsync,fdatasync,msync,sync_file_range,write,openat,pwrite64", "-o", trace])
    let status = await load.finish()
    try #require(status == 0, "strace or the program failed (status \(status)); `Tools/setup` installs strace")
    let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
    let start = try #require(lines.firstIndex { $0.contains("write(1, \"ready") })
    let end = try #require(lines.firstIndex { $0.contains("write(1, \"done") })
    let flushing = Self.flushingDescriptors(lines[..<start])
    // A call that another thread interrupts has two lines, of which the first alone has the bracket.
    return lines[start..<end].count { line in
      ["fsync(", "fdatasync(", "msync("].contains { line.contains($0) }
        || flushing.contains { line.contains("pwrite64(\($0), ") }
    }
  }

  /// The open files of which every write is flushed, as LMDB opens its own once more for the page that makes a commit valid.
  private static func flushingDescriptors(_ lines: ArraySlice<Substring>) -> Set<Substring> {
    var descriptors: Set<Substring> = []
    var interrupted: [Substring: Bool] = [:]
    for line in lines {
      let process = line.prefix { $0 != " " }
      let isOpening = line.contains("openat(")
      guard isOpening || line.contains("openat resumed") else { continue }
      let isFlushing = isOpening ? line.contains("O_DSYNC") : interrupted[process] ?? false
      guard let answer = line.split(separator: " = ").last, !line.contains("<unfinished") else {
        interrupted[process] = isFlushing
        continue
      }
      let descriptor = answer.prefix { $0.isNumber }
      if isFlushing { descriptors.insert(descriptor) } else { descriptors.remove(descriptor) }
    }
    return descriptors
  }
}
