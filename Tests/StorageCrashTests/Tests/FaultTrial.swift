import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@testable import storage_load

/// Runs the program with a fault on a store of its own, and compares what is there afterwards with what it said.
struct FaultTrial {
  let engine: StorageEngine
  var fault: Fault
  /// Whether the store exists when the program opens it, with the steps of round 0 in it.
  let isReopening: Bool
  let stepCount: Int
  var durability = StoreDurability.full

  private var round: Int { isReopening ? 1 : 0 }
  private var place: Comment { "\(engine.rawValue), \(isReopening ? "a store that exists" : "a new store"): \(fault)" }

  /// Answers whether the fault came about.
  func run() async throws -> Bool {
    try await TemporaryFolder.with { folder in
      let path = "\(folder.path)/store"
      if isReopening {
        let load = try LoadProcess(arguments(path, round: 0))
        #expect(await load.finish() == 0, place)
      }
      let trace = "\(folder.path)/trace"
      let load = try LoadProcess(arguments(path, round: round), under: fault.tracer(trace: trace))
      var lines: [Substring] = []
      while let line = await load.line() { lines.append(line) }
      let status = await load.finish()
      // The loader of programs reads files too, and ends with 127 when it cannot.
      let didStart = status != 127 || !lines.isEmpty
      // 124 is a program that hung; above, one that crashed.
      #expect(status == 0 && lines.last == "done" || !didStart, "\(place): status \(status), \(lines)")
      #expect(!lines.contains { $0.hasPrefix("lie") }, "\(place): \(lines)")
      #expect(!lines.contains { $0.contains("damaged") } || fault.mayLookLikeDamage, "\(place): \(lines)")
      try await audit(path, lines)
      if case .fileSizeLimit = fault.kind {
        return lines.contains { $0.hasPrefix("failed") || $0.hasPrefix("refused") }
      }
      return try String(contentsOfFile: trace, encoding: .utf8).contains("(INJECTED)")
    }
  }

  /// How often each call is made by a program without a fault: the most by one thread, since faults count by thread.
  func callCounts() async throws -> [String: Int] {
    try await TemporaryFolder.with { folder in
      let path = "\(folder.path)/store"
      if isReopening {
        let load = try LoadProcess(arguments(path, round: 0))
        #expect(await load.finish() == 0, place)
      }
      let trace = "\(folder.path)/trace"
      let calls = Fault.calls.map(\.name).joined(separator: ",")
      let tracer = ["strace", "-f", "-qq", "-e", "trace=\(calls)", "-o", trace]
      let load = try LoadProcess(arguments(path, round: round), under: tracer)
      try #require(await load.finish() == 0, "strace or the program failed; `Tools/setup` installs strace")
      // `PID CALL(…`; a call that another thread interrupts has a second line, which has no such beginning.
      var counts: [Substring: [Substring: Int]] = [:]
      for line in try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n") {
        // More than one space after a number of few digits.
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count > 1, let end = words[1].firstIndex(of: "(") else { continue }
        counts[words[1][..<end], default: [:]][words[0], default: 0] += 1
      }
      try #require(!counts.isEmpty, "the trace cannot be understood")
      return Dictionary(uniqueKeysWithValues: counts.map { (String($0.key), $0.value.values.max() ?? 0) })
    }
  }

  private func arguments(_ path: String, round: Int) -> [String] {
    [
      "--engine", engine.rawValue, "--path", path, "--durability", durability.rawValue, "--stubborn", "true", "--round",
      "\(round)",
      "--commits", "\(stepCount)",
    ]
  }

  private func audit(_ path: String, _ lines: [Substring]) async throws {
    let acknowledged = lines.compactMap { Acknowledgement(line: $0) }
    // The last step that failed may be there when the store said that it does not know, unless a read has said that it is not.
    let unknown =
      lines.contains("failed \(acknowledged.count) outcomeUnknown") && !lines.contains("absent \(acknowledged.count)")
    let store: any KeyValueStore
    do {
      store = try await engine.open(path: path, durability: .none)
    } catch {
      Issue.record(error, "\(place): it cannot be opened afterwards: \(lines)")
      return
    }
    let note = try await store.get(LoadStep.last(round: round, producer: 0))
    let applied = try note.map { try #require(Int(String(decoding: $0.value, as: UTF8.self))) + 1 } ?? 0
    let allowed = acknowledged.count...acknowledged.count + (unknown ? 1 : 0)
    #expect(allowed.contains(applied), "\(place): \(applied) steps are there: \(lines.suffix(8))")
    if let last = acknowledged.last, applied == acknowledged.count {
      #expect(note?.revision == last.revision, place)
    }
    try await compare(store, round: round, stepCount: applied)
    if isReopening { try await compare(store, round: 0, stepCount: stepCount) }
    try await store.close()
  }

  private func compare(_ store: any KeyValueStore, round: Int, stepCount: Int) async throws {
    let records = try await store.scan(.prefix(LoadStep.pairs(round: round, producer: 0)), limit: .max)
    let found = Dictionary(records.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    #expect(found == LoadStep.pairs(round: round, producer: 0, after: stepCount), "\(place): round \(round)")
  }
}
