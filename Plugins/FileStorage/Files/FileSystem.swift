import TomboloStorage

/// The system calls the journal makes, one method each, so that tests can make each of them fail.
///
/// Calls throw what the system said and leave judging it to the caller. None of them tries again: an interrupted or a short
/// call is answered as such, and `FileSystem+Whole` continues it.
protocol FileSystem: Sendable {
  /// The files in a folder, in no order.
  func names(in folder: String) throws(SystemFailure) -> [String]
  func open(_ path: String, _ purpose: FilePurpose) throws(SystemFailure) -> Int32
  func close(_ file: Int32)
  func byteCount(of file: Int32) throws(SystemFailure) -> Int
  /// Answers with how many bytes were read; zero means that the file ends there.
  func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int
  /// Answers with how many bytes were written, which may be fewer than there are.
  func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int
  /// Has the disk begin with what was written there, before `synchronize` waits for it. Nothing is durable by it; but what went wrong need not
  /// be told by `synchronize` once more.
  func beginWriting(_ file: Int32, byteCount: Int, at offset: Int) throws(SystemFailure)
  /// Makes what was written to the file durable.
  func synchronize(_ file: Int32) throws(SystemFailure)
  /// Gives a file at least this length, and real room for it. What is there stays.
  func allocate(_ file: Int32, byteCount: Int) throws(SystemFailure)
  func truncate(_ file: Int32, to byteCount: Int) throws(SystemFailure)
  func rename(_ path: String, to newPath: String) throws(SystemFailure)
  func remove(_ path: String) throws(SystemFailure)
  /// Makes the names in a folder durable.
  func synchronizeFolder(_ path: String) throws(SystemFailure)
  /// How much room the disk of a folder has.
  func room(in folder: String) throws(SystemFailure) -> DiskRoom
  /// Changes whenever the machine starts, and at no other time; `nil` where that cannot be known.
  var bootIdentifier: [UInt8]? { get }
}

/// The room of a file system, in bytes.
struct DiskRoom: Hashable, Sendable {
  /// All of it.
  var byteCount: Int
  /// What this user may still take.
  var freeByteCount: Int
}

/// What a file is opened for.
enum FilePurpose: Hashable, Sendable {
  /// Reading what is there.
  case reading
  /// Reading and writing what is there.
  case writing
  /// Writing a new file, in the place of one that may be there.
  case creating
}
