import Foundation
import Synchronization
import Testing
import TomboloPorts

@testable import TomboloStorage

@Suite("StoreFolder")
struct StoreFolderTests {
  /// Runs `body` with the path of a folder that does not exist yet, and removes it afterwards.
  private func withPath(_ body: (String) throws -> Void) throws {
    let base = FileManager.default.temporaryDirectory.appendingPathComponent("tombolo-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
    do {
      try body(base.appendingPathComponent("a/b").path)
      try FileManager.default.removeItem(at: base)
    } catch {
      try FileManager.default.removeItem(at: base)
      throw error
    }
  }

  private func refusal(_ path: String, engine: String) throws -> StoreError {
    try #require(#expect(throws: StoreError.self) { _ = try StoreFolder(path, engine: engine) })
  }

  @Test("A folder that is missing is made, noted as the engine's, and can be held again once it is free")
  func making() throws {
    try withPath { path in
      for _ in 1...2 {
        let folder = try StoreFolder("\(path)//", engine: "sqlite")
        #expect(folder.path == path)
        #expect(try String(contentsOfFile: "\(path)/tombolo.engine", encoding: .utf8) == "sqlite\n")
      }
    }
  }

  @Test("A folder that is held is refused, naming the holder")
  func held() throws {
    try withPath { path in
      let folder = try StoreFolder(path, engine: "sqlite")
      let error = try refusal(path, engine: "sqlite")
      #expect(error.code == .inUse)
      #expect(error.message.contains("pid \(getpid())"))
      withExtendedLifetime(folder) {}
    }
  }

  @Test("Another engine is refused a folder in use by one, told how to move, and the folder stays as it was")
  func otherEngine() throws {
    try withPath { path in
      _ = try StoreFolder(path, engine: "sqlite")
      let error = try refusal(path, engine: "lmdb")
      #expect(error.code == .inaccessible)
      #expect(error.message.contains("holds a store of type sqlite, not lmdb"))
      #expect(error.message.contains("tombolo storage migrate"))
      _ = try StoreFolder(path, engine: "sqlite")
    }
  }

  @Test("A note without a name is damage, and the message says which file and what to write into it")
  func emptyNote() throws {
    try withPath { path in
      _ = try StoreFolder(path, engine: "sqlite")
      try Data().write(to: URL(fileURLWithPath: "\(path)/tombolo.engine"))
      let error = try refusal(path, engine: "sqlite")
      #expect(error.code == .damaged)
      #expect(error.message.contains("\(path)/tombolo.engine is empty"))
    }
  }

  @Test("Those who share a folder never refuse each other, however they meet while opening and closing")
  func sharing() throws {
    try withPath { path in
      let failures = Mutex<[String]>([])
      DispatchQueue.concurrentPerform(iterations: 4) { _ in
        for _ in 0..<300 {
          do {
            let folder = try StoreFolder(path, engine: "sqlite", isShared: true)
            try folder.share()
            withExtendedLifetime(folder) {}
          } catch {
            failures.withLock { $0.append("\(error)") }
          }
        }
      }
      #expect(failures.withLock { $0 }.isEmpty)
    }
  }

  @Test("A folder that is shared names no holder, also after one that did not share was killed")
  func killedHolder() throws {
    try withPath { path in
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try Data("999999999\n".utf8).write(to: URL(fileURLWithPath: "\(path)/tombolo.lock"))
      let folder = try StoreFolder(path, engine: "sqlite", isShared: true)
      for _ in 1...2 {
        let error = try refusal(path, engine: "sqlite")
        #expect(error.code == .inUse)
        #expect(error.message.contains("in use by another process;"), "\(error)")
        try folder.share()
      }
      withExtendedLifetime(folder) {}
    }
  }

  @Test("Who may join others, and finds that nothing was made, becomes the first as soon as nobody else holds it")
  func joiningNobody() throws {
    try withPath { path in
      let database = "\(path)/database"
      let holder = Mutex<StoreFolder?>(try StoreFolder(path, engine: "sqlite", isShared: true))
      // It lets others in although it has made nothing, as one that is killed does.
      try holder.withLock { try $0?.share() }
      let turns = Mutex(0)
      let lock = try FolderLock(
        folder: path, path: "\(path)/tombolo.lock", isShared: true,
        makingPatience: .seconds(600),
        isMade: {
          turns.withLock { turns in
            turns += 1
            // The first one ends at the second look.
            if turns == 2 { holder.withLock { $0 = nil } }
          }
          return access(database, F_OK) == 0
        })
      #expect(lock.isFirst)
    }
  }

  @Test("Who shares and waited in vain is told what for: another that is opening, or one that does not share")
  func impatience() throws {
    try withPath { path in
      func share() throws -> StoreError {
        try #require(
          #expect(throws: StoreError.self) {
            _ = try FolderLock(
              folder: path, path: "\(path)/tombolo.lock", isShared: true, patience: .milliseconds(50))
          })
      }
      do {
        let opening = try StoreFolder(path, engine: "sqlite", isShared: true)
        defer { withExtendedLifetime(opening) {} }
        let error = try share()
        #expect(error.code == .inUse)
        #expect(error.message.contains("another process, which is still opening or closing it"), "\(error)")
      }
      let alone = try StoreFolder(path, engine: "sqlite")
      defer { withExtendedLifetime(alone) {} }
      let error = try share()
      #expect(error.code == .inUse)
      #expect(error.message.contains("pid \(getpid())), which does not share it"), "\(error)")
    }
  }

  @Test("Who only reads a folder holds it against those who write, is refused while one does, and notes nothing in it")
  func reading() throws {
    try withPath { path in
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let warnings = Mutex<[String]>([])
      func read(_ engine: String = "file") throws -> StoreFolder? {
        try StoreFolder(reading: path, engine: engine) { warning in warnings.withLock { $0.append(warning) } }
      }
      func refusedMeanwhile() throws -> StoreError {
        let reader = try #require(try read())
        defer { withExtendedLifetime(reader) {} }
        return try refusal(path, engine: "file")
      }
      #expect(try refusedMeanwhile().code == .inUse)
      #expect(!FileManager.default.fileExists(atPath: "\(path)/tombolo.engine"))
      try holding(path) {
        let error = #expect(throws: StoreError.self) { _ = try read() }
        #expect(error?.code == .inUse)
        #expect(error?.message.contains("pid \(getpid())") == true)
        let note = try String(contentsOfFile: "\(path)/tombolo.lock", encoding: .utf8)
        #expect(note == "\(getpid())\n")
      }
      let other = #expect(throws: StoreError.self) { _ = try read("lmdb") }
      #expect(other?.code == .inaccessible)
      #expect(warnings.withLock { $0 }.isEmpty)
      try Data().write(to: URL(fileURLWithPath: "\(path)/tombolo.engine"))
      _ = try read()
      #expect(warnings.withLock { $0 }.first?.contains("tombolo.engine is empty") == true)
    }
  }

  private func holding(_ path: String, _ body: () throws -> Void) throws {
    let folder = try StoreFolder(path, engine: "file")
    try body()
    withExtendedLifetime(folder) {}
  }

  @Test("A file where the folder should be is refused as inaccessible")
  func file() throws {
    try withPath { path in
      let parent = (path as NSString).deletingLastPathComponent
      try Data().write(to: URL(fileURLWithPath: parent))
      #expect(try refusal(path, engine: "file").code == .inaccessible)
    }
  }
}
