import TomboloPorts
import TomboloStorage
import TomboloTesting

@testable import FileStorage

/// A journal over simulated files, used without threads.
struct JournalUnderTest {
  static let folder = "/store"
  static let small = FileStoreOptions(
    segmentByteCount: 1_200, reserveByteCount: 2_400, roomByteCount: 300, copyByteCount: 200,
    unflushedByteCountMaximum: 700, closingByteCountMaximum: 10_000)

  var journal: Journal

  /// Opens the store that is in `files`.
  init(_ files: SimulatedFiles, durability: StoreDurability = .full, options: FileStoreOptions = small) throws {
    let index = FileIndex(folder: Self.folder)
    let opening = JournalOpening(
      location: JournalLocation(folder: Self.folder), files: files, durability: durability, options: options,
      warn: { _ in }, salt: 0x0123_4567_89AB_CDEF)
    journal = try opening.open(into: index)
  }

  @discardableResult
  func commit(_ batches: [Batch]) throws -> [BatchResult] {
    try journal.commit(batches, within: StoreCapabilities(isDurable: true, isShareable: false))
  }

  /// Commits, and answers with the store error it threw, or `nil`.
  func commitError(_ batches: [Batch]) throws -> StoreError? {
    try storeError { try commit(batches) }
  }

  func close() throws {
    try journal.cleanBeforeClosing()
    try journal.finish()
  }

  /// Every record.
  func records() throws -> [Record] {
    try journal.index.places(in: .all, reverse: false, limit: .max).map { try $0.record() }
  }
}

/// A reproducible run of commits, one batch each: short and long values, replacements and deletes over few keys.
struct Script {
  var batches: [Batch]

  init(seed: UInt64, count: Int, keyCount: Int = 12, valueByteCountMaximum: Int = 150) {
    var generator = SeededGenerator(seed: seed)
    batches = (0..<count).map { _ in
      var batch = Batch()
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let key = Key("key/\(Int.random(in: 0..<keyCount, using: &generator))")
        if Int.random(in: 0..<10, using: &generator) < 3 {
          batch.delete(key)
        } else {
          let byte = UInt8.random(in: 0...2, using: &generator)
          let count = Int.random(in: 0...valueByteCountMaximum, using: &generator)
          batch.put(key, [UInt8](repeating: byte, count: count))
        }
      }
      return batch
    }
  }
}

/// Runs `body` and answers with the store error it threw, or `nil`.
func storeError(_ body: () throws -> Void) throws -> StoreError? {
  do {
    try body()
    return nil
  } catch let error as StoreError {
    return error
  }
}
