import TomboloPorts

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps a folder to one holder, or to those who share it: a file in it that is locked with `flock` and names its holder.
///
/// The lock belongs to the open file, so a second store in the same process is refused like one in another process, and the
/// kernel releases it however the process ends. The file itself stays: removing it would let two holders lock two files.
package final class FolderLock: Sendable {
  private let file: Int32
  private let isShared: Bool
  private let claim: ProcessClaim?
  /// Whether nobody else held it when it was taken.
  package let isFirst: Bool
  private let isWritable: Bool

  /// How long one who shares waits for another who shares.
  private let patience: Duration

  /// How long one who shares waits for a holder that has given its name and so does not share: it may be ending.
  private static let patienceWithOthers = Duration.seconds(2)

  /// Makes the folder where it is missing, and takes the lock.
  ///
  /// - Parameter isShared: whether others who share may hold it too. The first one holds it alone until `share` is called, so
  ///   that it can make what the others expect.
  /// - Parameter isOncePerProcess: whether this process may hold it but once, shared or not.
  /// - Parameter patience: how long one who shares waits for others who share. The first one may read its whole database before it
  ///   shares, and the last one before it lets go.
  /// - Parameter makingPatience: how long one who may hold it with others, and finds that nothing was made, lets go and tries to be the
  ///   first: whoever was may have ended before.
  /// - Parameter isMade: whether what the others expect is there.
  package init(
    folder: String, path: String, isShared: Bool = false, isOncePerProcess: Bool = false,
    patience: Duration = .seconds(60), makingPatience: Duration = .seconds(2), isMade: () -> Bool = { true }
  ) throws {
    self.isShared = isShared
    self.patience = patience
    isWritable = true
    try SystemFailure.makeFolder(folder)
    // Closed in child processes, which would otherwise keep the lock; until they have begun their program they have it, so it is
    // given back before the file is closed.
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemFailure.last(path, "opening the lock") }
    do {
      claim = isShared && isOncePerProcess ? try ProcessClaim(file, folder: folder) : nil
    } catch {
      close(file)
      throw error
    }
    var isFirst = true
    guard Self.lock(file, isShared: isShared, isFirst: &isFirst, patience, isMade, makingPatience) else {
      throw Self.refusal(folder, path, file, isShared: isShared)
    }
    self.file = file
    self.isFirst = isFirst
    guard !isShared else {
      // Of several holders none is named, and a name found here is that of a process which was killed.
      if isFirst { _ = ftruncate(file, 0) }
      return
    }
    guard Self.writeHolder(file) else {
      // The lock is held without its holder's name too, and a full disk must not keep a store from being opened: to open it
      // and settle is how room comes back.
      if SystemFailure.isAboutRoom(errno) { return }
      let failure = SystemFailure.last(path, "writing the holder's process identifier")
      Self.release(file)
      throw failure
    }
  }

  /// Takes the lock of a folder that is only going to be read, and changes nothing in it where it cannot be written.
  ///
  /// There the lock is shared with others who read, and still keeps out whoever writes through another mount.
  ///
  /// - Returns: `nil` when there is no lock that could be taken: the folder cannot be written, and has none.
  package init?(reading folder: String, path: String) throws {
    isShared = false
    patience = .zero
    isFirst = true
    claim = nil
    var file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    isWritable = file >= 0
    if file < 0, [EROFS, EACCES, EPERM].contains(errno) { file = open(path, O_RDONLY | O_CLOEXEC) }
    guard file >= 0 else {
      guard [ENOENT, EROFS, EACCES, EPERM].contains(errno) else { throw SystemFailure.last(path, "opening the lock") }
      return nil
    }
    guard flock(file, (isWritable ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
      throw Self.refusal(folder, path, file, isShared: false)
    }
    self.file = file
    // On a full disk it is held without a name; that costs a word in a message, and reading goes on.
    if isWritable { _ = Self.writeHolder(file) }
  }

  /// Lets others in who share the folder.
  ///
  /// The kernel takes a lock away before it gives the other kind, so another who is just opening may have it for itself for a moment,
  /// and is waited for. That does no harm: what the first one makes alone is complete before it shares.
  package func share() throws {
    guard isShared else { return }
    let didShare = Self.patiently(file, patience) { flock(file, LOCK_SH | LOCK_NB) == 0 }
    guard !didShare else { return }
    throw SystemFailure.last("the lock of the folder", "sharing it")
  }

  /// Whether nobody else holds it any more; if so, nobody gets it until it is let go. For one who is about to let go: an answer of
  /// no may have lost the lock.
  package func isLast() -> Bool {
    !isShared || flock(file, LOCK_EX | LOCK_NB) == 0
  }

  private static func lock(
    _ file: Int32, isShared: Bool, isFirst: inout Bool, _ patience: Duration, _ isMade: () -> Bool,
    _ makingPatience: Duration
  ) -> Bool {
    guard isShared else { return flock(file, LOCK_EX | LOCK_NB) == 0 }
    let start = ContinuousClock.now
    return patiently(file, patience) {
      if flock(file, LOCK_EX | LOCK_NB) == 0 { return true }
      guard flock(file, LOCK_SH | LOCK_NB) == 0 else { return false }
      if !isMade(), ContinuousClock.now - start < makingPatience {
        _ = flock(file, LOCK_UN)
        errno = EWOULDBLOCK
        return false
      }
      isFirst = false
      return true
    }
  }

  /// Tries again for a while, as long as somebody else has the lock; `false` with `errno` when it fails.
  private static func patiently(_ file: Int32, _ patience: Duration, _ attempt: () -> Bool) -> Bool {
    let start = ContinuousClock.now
    while true {
      if attempt() { return true }
      guard errno == EWOULDBLOCK else { return false }
      let waited = ContinuousClock.now - start
      // The holder's name is read late: whoever shares clears one that stayed behind.
      if Task.isCancelled || waited >= patience || waited >= patienceWithOthers && readHolder(file) != nil { break }
      // On a thread of the store's own: somebody is just opening, or has it for itself.
      usleep(10_000)
    }
    errno = EWOULDBLOCK
    return false
  }

  deinit {
    // A name that stays behind would mislead; that it may stay is why only the lock itself counts.
    if !isShared, isWritable { _ = ftruncate(file, 0) }
    Self.release(file)
  }

  /// Gives the lock back, whoever else has the file open: a child process that this one is just starting has all its files.
  private static func release(_ file: Int32) {
    _ = flock(file, LOCK_UN)
    close(file)
  }

  /// Why the lock was not got. Closes the file.
  private static func refusal(_ folder: String, _ path: String, _ file: Int32, isShared: Bool) -> StoreError {
    let isTaken = errno == EWOULDBLOCK
    let failure = SystemFailure.last(path, "locking it")
    defer { close(file) }
    return isTaken ? inUse(folder: folder, holder: readHolder(file), isShared: isShared) : failure
  }

  private static func writeHolder(_ file: Int32) -> Bool {
    let text = Array("\(getpid())\n".utf8)
    return ftruncate(file, 0) == 0 && pwrite(file, text, text.count, 0) == text.count
  }

  /// The process that wrote its identifier, or `nil` when it has not yet done so.
  private static func readHolder(_ file: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(file, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }

  private static func inUse(folder: String, holder: Int32?, isShared: Bool) -> StoreError {
    let who =
      switch holder {
      case .none: "another process"
      case .some(getpid()): "another store object in this process (pid \(getpid()))"
      case .some(let process): "the process with pid \(process)"
      }
    let advice =
      switch (isShared, holder) {
      case (false, _): "close it there, or name another `path`: one store works on it at a time"
      case (true, .some): "which does not share it: end it, or set `shared: true` there too"
      case (true, .none): "which is still opening or closing it: wait until it has, and try again"
      }
    return StoreError(.inUse, "\(folder) is in use by \(who)\(isShared ? "," : ";") \(advice)")
  }
}
