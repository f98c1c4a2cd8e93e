import Foundation
import Testing
import TomboloPorts
import TomboloTesting

@testable import LMDBStorage

@Suite("LMDBStore")
struct LMDBStoreTests {
  @Test("A commit reaches what its batches ask for, and the next one what the store is set to")
  func batchDurability() async throws {
    try await TemporaryFolder.with { folder in
      func flushesLess(_ store: LMDBStore, _ asked: StoreDurability?...) async throws -> Bool? {
        for result in try await store.commit(asked.map { Batch(mutations: [.put(Key("a"), [1])], durability: $0) }) {
          _ = try result.get()
        }
        return await store.writer.flushesLess
      }
      var store = try await LMDBStore(path: folder.path)
      #expect(try await flushesLess(store, nil) == false)
      #expect(try await flushesLess(store, .normal) == true)
      #expect(try await flushesLess(store, .normal, .full) == false)
      #expect(try await flushesLess(store, StoreDurability.none) == true)
      #expect(try await flushesLess(store, .normal, nil) == false)
      try await store.close()
      store = try await LMDBStore(path: folder.path, durability: .normal)
      #expect(try await flushesLess(store, nil) == true)
      #expect(try await flushesLess(store, .full) == false)
      try await store.close()
    }
  }

  @Test("The file is kept longer than what is in use for commits that add and are flushed, and cut off at the end")
  func room() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(path: folder.path)
      for number in 0..<5 { try await store.commit { $0.put(Key("\(number)"), [1]) } }
      let whileOpen = folder.byteCount(of: folder.database)
      #expect(whileOpen >= 128 * 1_024)
      try await store.close()
      // Some pages, in use and free.
      let most = 16 * Int(getpagesize())
      #expect(folder.byteCount(of: folder.database) < min(whileOpen, most))
      let again = try await LMDBStore(path: folder.path)
      #expect(try await again.scan(.all, limit: .max).count == 5)
      // What settles takes no room that a full disk may not have, and without a flush there is nothing to gain.
      try await again.commit { $0.delete(Key("0")) }
      #expect(folder.byteCount(of: folder.database) < most)
      try await again.close()
      let careless = try await LMDBStore(path: folder.path, durability: .none)
      try await careless.commit { $0.put(Key("0"), [1]) }
      #expect(folder.byteCount(of: folder.database) < most)
      #expect(try await careless.scan(.all, limit: .max).count == 5)
      try await careless.close()
    }
  }

  @Test("This process may have a shared folder open once, and one that does not share is refused beside it")
  func sharedOnce() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(path: folder.path, isShared: true)
      #expect(store.capabilities.isShareable)
      for isShared in [true, false] {
        let error = await #expect(throws: StoreError.self) {
          try await LMDBStore(path: "\(folder.path)/.", isShared: isShared)
        }
        #expect(error?.code == .inUse)
        #expect(error?.message.contains("in this process") == true || !isShared)
      }
      try await store.close()
      let again = try await LMDBStore(path: folder.path, isShared: true)
      try await again.close()
      let alone = try await LMDBStore(path: folder.path)
      try await alone.close()
    }
  }

  @Test("The map grows while readers are busy, and no reader sees a wrong value")
  func growthUnderReaders() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(path: folder.path, durability: .none, mapByteCount: 1 << 20)
      try await store.commit { $0.put(Key("fixed"), [UInt8](repeating: 9, count: 3_000)) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for index in 0..<300 {
            try await store.commit {
              $0.put(Key("key \(index)"), [UInt8](repeating: UInt8(index % 251), count: 100_000))
            }
          }
        }
        for _ in 0..<3 {
          group.addTask {
            for _ in 0..<300 {
              #expect(try await store.value("fixed") == [UInt8](repeating: 9, count: 3_000))
              for record in try await store.scan(.prefix(Key("key ")), reverse: true, limit: 3) {
                #expect(record.value.count == 100_000 && record.value.first == record.value.last)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await store.scan(.all, limit: .max).count == 301)
      try await store.close()
      #expect(folder.byteCount(of: folder.database) > 30_000_000)
      // Opened with a small map again, it is as large as it must be.
      let again = try await LMDBStore(path: folder.path, durability: .none, mapByteCount: 1 << 20)
      #expect(try await again.scan(.all, limit: .max).count == 301)
      try await again.close()
    }
  }

  @Test("A database that fills its map to the last page opens, whatever size the map begins with")
  func openingAtTheEndOfTheMap() async throws {
    try await TemporaryFolder.with { folder in
      for count in 1...12 {
        let store = try await LMDBStore(path: folder.path, durability: .none, mapByteCount: 1 << 20)
        // Many small records take every free page, and the pages this commit frees are not free for the next one yet.
        try await store.commit { batch in
          for part in 0..<300 { batch.put(Key("key \(part) \(count)"), [UInt8](repeating: 1, count: 1_000)) }
        }
        #expect(try await store.scan(.all, limit: .max).count == count * 300)
        try await store.close()
      }
    }
  }

  @Test("Beyond its maximum what takes room is refused as full, while deletes go on and make room")
  func sizeMaximum() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(
        path: folder.path, durability: .none, mapByteCount: 1 << 20, byteCountMaximum: 2 << 20)
      let error = try await storeError { try await fill(store, valueByteCount: 2_000) }
      #expect(error.code == .full)
      #expect(error.message.contains("sizeMaximum"))
      let before = try await store.scan(.all, limit: .max).map(\.key)
      #expect(before.count > 350)
      var mixed = Batch()
      mixed.put(Key("new"), [UInt8](repeating: 1, count: 100_000))
      for key in before.prefix(300) {
        let results = try await store.commit([mixed, Batch(mutations: [.delete(key), .put(Key("count"), [1])])])
        #expect(results.last?.refusal == nil)
      }
      #expect(try await store.get(before[0]) == nil)
      try await store.commit { $0.put(Key("later"), [UInt8](repeating: 7, count: 100_000)) }
      try await store.close()
      #expect(folder.byteCount(of: folder.database) <= 3 << 20)
    }
  }

  @Test(
    "A full disk refuses as full and keeps what was there; deletes go on, and so does everything once there is room")
  func fullDisk() async throws {
    try await TemporaryFolder.with { folder in
      guard mount("tmpfs", folder.path, "tmpfs", 0, "size=4m") == 0 else {
        Issue.record("mounting failed with errno \(errno): run the tests as root, as Tools/test does in CI")
        return
      }
      defer { umount2(folder.path, 2) }
      let store = try await LMDBStore(path: folder.path)
      let error = try await storeError { try await fill(store, valueByteCount: 500) }
      #expect(error.code == .full)
      #expect(error.message.contains("no room"))
      #expect(error.message.contains(folder.path))
      // Nothing at all is left on the disk, but for the reserve.
      _ = try? Data(count: 4 << 20).write(to: URL(fileURLWithPath: "\(folder.path)/hog"))
      let before = try await store.scan(.all, limit: .max).map(\.key)
      #expect(before.count > 1_000)
      for key in before.prefix(400) { try await store.commit { $0.delete(key) } }
      #expect(try await store.get(before[399]) == nil)
      #expect(try await store.get(before[400]) != nil)
      // What adds may use what was freed, and leaves the room that was given up to settling.
      #expect(try await storeError { try await fill(store, valueByteCount: 500) }.code == .full)
      for key in before[400..<before.count - 10] { try await store.commit { $0.delete(key) } }
      mount("tmpfs", folder.path, "tmpfs", UInt(MS_REMOUNT), "size=32m")
      try await store.commit { $0.put(Key("later"), [UInt8](repeating: 7, count: 1_000_000)) }
      let beforeClosing = try await store.scan(.all, limit: .max).count
      #expect(folder.byteCount(of: "\(folder.path)/tombolo.reserve") == 512 << 10, "an eighth of the disk")
      try await store.close()
      let again = try await LMDBStore(path: folder.path)
      #expect(try await again.scan(.all, limit: .max).count == beforeClosing)
      try await again.close()
    }
  }

  @Test("Freed pages are used again, and closing gives the room of deleted records back to the disk")
  func spaceGivenBack() async throws {
    try await TemporaryFolder.with { folder in
      let store = try await LMDBStore(path: folder.path, durability: .none)
      func round(_ number: Int) async throws {
        let keys = (0..<10_000).map { Key("key \($0)") }
        try await store.commit { batch in
          for key in keys { batch.put(key, [UInt8](repeating: UInt8(number), count: 600)) }
        }
        try await store.commit { batch in for key in keys { batch.delete(key) } }
      }
      for number in 0..<3 { try await round(number) }
      let before = folder.byteCount(of: folder.database)
      for number in 3..<8 { try await round(number) }
      #expect(folder.byteCount(of: folder.database) < before * 3 / 2)
      let revision = try await store.commit { $0.put(Key("kept"), [1]) }
      try await store.close()
      #expect(folder.byteCount(of: folder.database) < 100_000)
      let again = try await LMDBStore(path: folder.path, durability: .none)
      #expect(try await again.scan(.all, limit: 9) == [Record(key: Key("kept"), value: [1], revision: revision)])
      try await again.close()
    }
  }

  @Test("The plugin makes a store from its options, and judges them")
  func plugin() async throws {
    try await TemporaryFolder.with { folder in
      var values: [String: OptionValue] = [
        "path": .string(folder.path), "durability": .string("normal"), "mapSize": .size(1 << 20),
        "sizeMaximum": .size(1 << 30), "shared": .boolean(false),
      ]
      let options = PluginOptions(path: "storage", values: values)
      #expect(LMDBStoragePlugin.problems(in: options).isEmpty)
      let context = PluginContext(time: SystemTimeSource(), warn: { _ in })
      let store = try await LMDBStoragePlugin.make(options, in: context)
      try await store.commit { $0.put(Key("a"), [1]) }
      try await store.close()
      #expect(folder.exists(folder.database))
      #expect(LMDBStoragePlugin.identifier.description == "storage.lmdb")
      values["mapSize"] = .size(1 << 31)
      let problems = LMDBStoragePlugin.problems(in: PluginOptions(path: "storage", values: values))
      #expect(problems.first?.message.contains("storage.mapSize") == true)
    }
  }

  /// Puts records until there is no room.
  private func fill(_ store: LMDBStore, valueByteCount: Int) async throws {
    for index in 0..<100_000 {
      try await store.commit { batch in
        for part in 0..<10 { batch.put(Key("key \(index) \(part)"), [UInt8](repeating: 7, count: valueByteCount)) }
      }
    }
  }
}
