/// Sizes of a `FileStore` that tests make small.
struct FileStoreOptions: Hashable, Sendable {
  /// A segment that has reached it is followed by a new one.
  var segmentByteCount = 16 * 1_024 * 1_024
  /// Room that is kept for commits that do not make the data larger.
  var reserveByteCount = 1_024 * 1_024
  /// How much room is made at a time, so that most commits change no length that the file system must note.
  var roomByteCount = 1_024 * 1_024
  /// How much is copied out of the oldest segment beside one commit, at least.
  var copyByteCount = 64 * 1_024
  /// With `StoreDurability.normal`: how much may be written before it is flushed.
  var unflushedByteCountMaximum = 1_024 * 1_024
  /// How much is copied when the store is closed, at most.
  var closingByteCountMaximum = 64 * 1_024 * 1_024
}
