import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder an embedded engine keeps its files in: held by one store at a time, and by one engine for ever.
///
/// Two files of its own make it so: `tombolo.lock`, locked while the folder is held, and `tombolo.engine`, which names the
/// engine. Without the second, changing `type: sqlite` to `type: lmdb` over a folder in use would start an empty store
/// beside the old one, and what waits in the old one would be out of sight.
package final class StoreFolder: Sendable {
  /// The folder, without a slash at its end.
  package let path: String
  private let lock: FolderLock

  /// Makes the folder where it is missing, takes its lock, and notes the engine in a folder that no engine has used.
  ///
  /// - Parameter database: the file that the first of several makes for all; by default none is waited for.
  /// - Throws: `StoreError` with `inUse` naming the holder, with `inaccessible` when the folder cannot be used or belongs to
  ///   another engine.
  package init(
    _ path: String, engine: String, isShared: Bool = false, isOncePerProcess: Bool = false, database: String? = nil
  ) throws {
    self.path = Self.withoutSlash(path)
    lock = try FolderLock(
      folder: self.path, path: "\(self.path)/tombolo.lock", isShared: isShared, isOncePerProcess: isOncePerProcess,
      isMade: { database.map { access($0, F_OK) == 0 || errno != ENOENT } ?? true })
    try Self.claim(self.path, for: engine)
  }

  /// Takes the lock of a folder whose store is only going to be read, and notes nothing in it.
  ///
  /// - Parameter warn: Told when the note of the engine cannot be read, which keeps nobody from reading the rest.
  /// - Returns: `nil` when the folder cannot be written and has no lock that could be taken.
  /// - Throws: `StoreError` with `inUse` naming the holder, with `inaccessible` when it belongs to another engine.
  package init?(reading path: String, engine: String, warn: (String) -> Void) throws {
    self.path = Self.withoutSlash(path)
    var owner: String?
    do {
      owner = try Self.owner(of: self.path)
    } catch {
      warn("\(error)")
    }
    if let owner { try Self.require(engine, owner: owner, of: self.path) }
    guard let lock = try FolderLock(reading: self.path, path: "\(self.path)/tombolo.lock") else { return nil }
    self.lock = lock
  }

  /// Lets others in who share the folder, once everything they expect is there.
  package func share() throws { try lock.share() }

  /// Whether nobody else held the folder when it was taken. Others wait until `share` is called.
  package var isFirst: Bool { lock.isFirst }

  /// Whether nobody else holds it any more; if so, nobody gets it until it is let go. For one who is about to let go: an answer of
  /// no may have lost the hold.
  package func isLast() -> Bool { lock.isLast() }

  /// `path` without slashes at its end; the present folder when it is empty.
  package static func withoutSlash(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path.isEmpty ? "." : path
  }

  /// The engine whose store the folder at `path` holds; `nil` when it holds none, or is not there.
  ///
  /// - Throws: `StoreError` when the folder cannot be read, or is damaged.
  package static func engine(of path: String) throws -> String? { try owner(of: withoutSlash(path)) }

  private static func claim(_ path: String, for engine: String) throws {
    guard let owner = try owner(of: path) else {
      return try note(engine, in: path)
    }
    try require(engine, owner: owner, of: path)
  }

  private static func require(_ engine: String, owner: String, of path: String) throws {
    guard owner == engine else {
      throw StoreError(
        .inaccessible,
        "\(path) holds a store of type \(owner), not \(engine); name another `path`, and move what is there with "
          + "`tombolo storage migrate`, or go back to `type: \(owner)`")
    }
  }

  /// The engine that uses the folder at `path`, or `nil` when none does.
  private static func owner(of path: String) throws -> String? {
    let name = "\(path)/tombolo.engine"
    let file = open(name, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      guard errno == ENOENT else { throw SystemFailure.last(name, "opening it") }
      return nil
    }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(file, &bytes, bytes.count)
    guard count >= 0 else { throw SystemFailure.last(name, "reading it") }
    let owner = String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    guard !owner.isEmpty else {
      throw StoreError(
        .damaged, "\(name) is empty; write the name of the engine that made the folder into it (sqlite, lmdb, file)")
    }
    return owner
  }

  /// Written under another name first, so that the file is never there without its content.
  private static func note(_ engine: String, in path: String) throws {
    let name = "\(path)/tombolo.engine"
    let draft = "\(name).new"
    let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemFailure.last(draft, "creating it") }
    defer { close(file) }
    let text = Array("\(engine)\n".utf8)
    guard write(file, text, text.count) == text.count, fsync(file) == 0 else {
      throw SystemFailure.last(draft, "writing it")
    }
    guard rename(draft, name) == 0 else { throw SystemFailure.last(name, "naming it") }
    try SystemFailure.synchronizeFolder(path)
  }
}
