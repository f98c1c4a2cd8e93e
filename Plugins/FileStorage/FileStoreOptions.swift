/// Sizes of a `FileStore`, in bytes.
struct FileStoreOptions: Hashable, Sendable {
  /// A segment that has reached it is followed by a new one. At most half of the reserve, and more with much data.
  var segmentByteCount = 4 * 1_024 * 1_024
  /// Room on the disk that is kept for settling; at most an eighth of the file system, and more with much data. Zero keeps none.
  var reserveByteCount = FileStore.defaultReserveByteCount
  /// How much room is made at a time, so that most commits change no length that the file system must note. At most an
  /// eighth of the reserve.
  var roomByteCount = 1_024 * 1_024
  /// How much is copied out of the oldest segment beside one commit, at least.
  var copyByteCount = 64 * 1_024
  /// With `StoreDurability.normal`: how much may be written before it is flushed.
  var unflushedByteCountMaximum = 1_024 * 1_024
  /// How much is copied when the store is closed, at most.
  var closingByteCountMaximum = 8 * 1_024 * 1_024
  /// How much is copied before a commit for which there is no room is refused, at most: bounds how long the answer takes.
  var recoveryByteCountMaximum = 16 * 1_024 * 1_024

  /// The same, fitted to a file system of this size.
  func fitting(diskByteCount: Int) -> FileStoreOptions {
    guard reserveByteCount > 0 else { return self }
    var options = self
    guard diskByteCount > 0 else {
      // The file system does not say how large it is; then nothing says how much may be kept.
      options.reserveByteCount = 0
      return options
    }
    options.reserveByteCount = min(reserveByteCount, diskByteCount / 8)
    options.segmentByteCount = min(segmentByteCount, options.reserveByteCount / 2)
    options.roomByteCount = min(roomByteCount, options.reserveByteCount / 8)
    return options
  }
}
