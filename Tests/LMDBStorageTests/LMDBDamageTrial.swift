import LMDBStorage
import TomboloPorts
import TomboloTesting

/// A closed database with all that LMDB has (several levels of pages, values on pages of their own, long keys, lists of free
/// pages), which is damaged and opened again and again.
struct LMDBDamageTrial {
  enum Outcome {
    /// Refused when it was opened, with what.
    case refused(StoreError)
    /// Opened with exactly the committed state, and went on working.
    case same
  }

  /// What must never be: a state that was not the last one, or a damage that was met only when it was too late.
  struct Lie: Error, CustomStringConvertible {
    var description: String
  }

  private let folder: TemporaryFolder
  private let database: String
  let whole: [UInt8]
  private let records: [Record]

  init(_ folder: TemporaryFolder) async throws {
    self.folder = folder
    database = "\(folder.path)/tombolo.lmdb"
    let store = try await LMDBStore(path: folder.path, durability: .none)
    for round in 0..<4 {
      var batch = Batch()
      for index in 0..<120 {
        batch.put(Key("key \(index * 7 % 120) \(round)"), [UInt8](repeating: UInt8(index), count: 20 + index * 3 % 400))
      }
      for index in 0..<6 {
        batch.put(Key(String(repeating: "long ", count: 130) + "\(round) \(index)"), [UInt8(index)])
        batch.put(Key("large \(index) \(round)"), [UInt8](repeating: UInt8(round), count: 3_000 + index * 2_500))
      }
      for index in 0..<40 where round > 0 { batch.delete(Key("key \(index * 3) \(round - 1)")) }
      if round > 1 { batch.delete(Key("large 4 \(round - 2)")) }
      for result in try await store.commit([batch]) { _ = try result.get() }
    }
    records = try await store.scan(.all, reverse: false, limit: .max)
    try await store.close()
    whole = try folder.bytes(of: database)
  }

  /// Opens the damaged database, compares all that can be read, writes, and compares again.
  func run(_ damaged: [UInt8]) async throws -> Outcome {
    try folder.write(damaged, to: database)
    let store: LMDBStore
    do {
      store = try await LMDBStore(path: folder.path, durability: .none)
    } catch let error as StoreError {
      return .refused(error)
    }
    var model = records
    try await compare(store, model)
    for round in 0..<3 {
      var batch = Batch()
      let gone = Set(model.indices.filter { $0 % 5 == round }.map { model[$0].key })
      for key in gone { batch.delete(key) }
      model.removeAll { gone.contains($0.key) }
      var added: [(Key, [UInt8])] = []
      for index in 0..<40 { added.append((Key("new \(index) \(round)"), [UInt8](repeating: 5, count: index * 211))) }
      for (key, value) in added { batch.put(key, value) }
      guard let revision = try await store.commit([batch]).first?.get() else { throw Lie(description: "no result") }
      model += added.map { Record(key: $0.0, value: $0.1, revision: revision) }
      model.sort { $0.key < $1.key }
    }
    try await compare(store, model)
    try await store.close()
    let again = try await LMDBStore(path: folder.path, durability: .none)
    try await compare(again, model)
    try await again.close()
    return .same
  }

  private func compare(_ store: LMDBStore, _ model: [Record]) async throws {
    guard try await store.scan(.all, reverse: false, limit: .max) == model else {
      throw Lie(description: "the store gives another state than the last")
    }
    guard try await store.scan(.all, reverse: true, limit: .max) == model.reversed() else {
      throw Lie(description: "the store gives another state backwards")
    }
    let some = model.enumerated().filter { $0.offset % 9 == 0 }.map(\.element)
    guard try await store.get(some.map(\.key)) == some else {
      throw Lie(description: "the store gives other records one by one")
    }
  }
}

/// A way to damage a file.
enum LMDBDamage: String, CaseIterable, Sendable {
  /// One bit of a meta page, of the first bytes of a page, or of anything.
  case metaBit, headerBit, anyBit
  /// Several bits of one page.
  case someBits
  /// A run of bytes, a sector, or a page that is noise or zero.
  case noise, sector, page
  /// A page that holds what another should.
  case swappedPage
  /// The end is gone.
  case cutOff

  /// Damages `bytes`, and says where.
  func apply(to bytes: inout [UInt8], _ random: inout SeededGenerator) -> String {
    let pageCount = bytes.count / 4_096
    func flip(_ offset: Int, _ random: inout SeededGenerator) -> String {
      let bit = UInt8.random(in: 0...7, using: &random)
      bytes[offset] ^= 1 << bit
      return "bit \(bit) of byte \(offset) (page \(offset / 4_096), byte \(offset % 4_096) of it)"
    }
    func fill(_ range: Range<Int>, _ random: inout SeededGenerator) -> String {
      let isZero = Int.random(in: 0..<3, using: &random) == 0
      for offset in range { bytes[offset] = isZero ? 0 : UInt8.random(in: 0...255, using: &random) }
      return "bytes \(range), \(isZero ? "zero" : "noise")"
    }
    switch self {
    case .metaBit:
      return flip(Int.random(in: 0..<2, using: &random) * 4_096 + Int.random(in: 0..<152, using: &random), &random)
    case .headerBit:
      return flip(
        Int.random(in: 2..<pageCount, using: &random) * 4_096 + Int.random(in: 0..<40, using: &random), &random)
    case .anyBit:
      return flip(Int.random(in: bytes.indices, using: &random), &random)
    case .someBits:
      let page = Int.random(in: 0..<pageCount, using: &random) * 4_096
      return (0..<Int.random(in: 2...6, using: &random))
        .map { _ in flip(page + Int.random(in: 0..<4_096, using: &random), &random) }.joined(separator: ", ")
    case .noise:
      let start = Int.random(in: bytes.indices, using: &random)
      return fill(start..<min(bytes.count, start + Int.random(in: 1...64, using: &random)), &random)
    case .sector:
      let start = Int.random(in: 0..<bytes.count / 512, using: &random) * 512
      return fill(start..<start + 512, &random)
    case .page:
      let start = Int.random(in: 0..<pageCount, using: &random) * 4_096
      return fill(start..<start + 4_096, &random)
    case .swappedPage:
      let from = Int.random(in: 0..<pageCount, using: &random)
      let to = Int.random(in: 0..<pageCount, using: &random)
      bytes.replaceSubrange(to * 4_096..<(to + 1) * 4_096, with: bytes[from * 4_096..<(from + 1) * 4_096])
      return "page \(from) over page \(to)"
    case .cutOff:
      let count = Int.random(in: bytes.indices, using: &random)
      bytes.removeSubrange(count...)
      return "cut off at byte \(count)"
    }
  }
}
