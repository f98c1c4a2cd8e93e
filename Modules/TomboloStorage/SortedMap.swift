/// A map from keys to values that keeps its keys in order, for an in-memory store and for indexes of engines that keep
/// their data elsewhere.
///
/// It is a list of chunks, each a sorted array of bounded length. Finding is two binary searches; inserting and removing
/// move at most one chunk of entries, and, once in many times, one entry per chunk of the list. With a million keys that is
/// a few kilobytes moved per change, without the node-by-node allocations of a tree.
///
/// Its code is inlinable, because engines use it from modules of their own: what looks up the meaning of `Key` and `Value` at
/// every step takes several times as long.
public struct SortedMap<Key: Comparable, Value> {
  @usableFromInline struct Chunk {
    @usableFromInline var keys: [Key]
    @usableFromInline var values: [Value]

    @inlinable init(keys: [Key], values: [Value]) {
      self.keys = keys
      self.values = values
    }
  }

  /// Where an entry is, or where it belongs.
  @usableFromInline struct Position: Sendable {
    @usableFromInline var chunk: Int
    @usableFromInline var offset: Int

    @inlinable init(chunk: Int, offset: Int) {
      self.chunk = chunk
      self.offset = offset
    }
  }

  /// A chunk that grows beyond this is split in two halves, and never becomes longer.
  @usableFromInline let chunkCountMaximum: Int
  /// None is empty; the last key of each is smaller than the first of the next.
  @usableFromInline var chunks: [Chunk] = []

  /// How many entries there are.
  @inlinable public var count: Int { entryCount }
  @usableFromInline var entryCount = 0
  /// Where the last entry was inserted; something else may be there by now.
  @usableFromInline var lastInsertion = Position(chunk: 0, offset: 0)

  /// An empty map. `chunkCountMaximum` is the longest run of entries that is moved at once; tests make it small.
  @inlinable public init(chunkCountMaximum: Int = 512) {
    precondition(chunkCountMaximum >= 2, "a chunk must have room for two entries to be split")
    self.chunkCountMaximum = chunkCountMaximum
  }

  @inlinable public var isEmpty: Bool { count == 0 }

  /// The value of `key`; setting `nil` removes it.
  @inlinable public subscript(key: Key) -> Value? {
    get {
      let (position, isPresent) = find(key)
      return isPresent ? chunks[position.chunk].values[position.offset] : nil
    }
    set {
      if let newValue { updateValue(newValue, forKey: key) } else { removeValue(forKey: key) }
    }
  }

  @inlinable public func contains(_ key: Key) -> Bool { find(key).isPresent }

  /// Sets the value of `key` and answers with the one it had.
  @discardableResult @inlinable
  public mutating func updateValue(_ value: Value, forKey key: Key) -> Value? {
    let (position, isPresent) = placeBehindLastInsertion(key).map { ($0, false) } ?? find(key)
    guard isPresent else {
      insert(value, forKey: key, at: position)
      return nil
    }
    let old = chunks[position.chunk].values[position.offset]
    chunks[position.chunk].values[position.offset] = value
    return old
  }

  /// Sets the value of a key that has none; answers `false`, and changes nothing, where it has one.
  @inlinable public mutating func insert(_ value: Value, forKey key: Key) -> Bool {
    let (position, isPresent) = placeBehindLastInsertion(key).map { ($0, false) } ?? find(key)
    if !isPresent { insert(value, forKey: key, at: position) }
    return !isPresent
  }

  @inlinable mutating func insert(_ value: Value, forKey key: Key, at position: Position) {
    entryCount += 1
    lastInsertion = position
    guard !chunks.isEmpty else { return chunks.append(Chunk(keys: [key], values: [value])) }
    chunks[position.chunk].keys.insert(key, at: position.offset)
    chunks[position.chunk].values.insert(value, at: position.offset)
    if chunks[position.chunk].keys.count > chunkCountMaximum { split(position.chunk, at: position.offset) }
  }

  /// Removes `key` and answers with the value it had.
  @discardableResult @inlinable
  public mutating func removeValue(forKey key: Key) -> Value? {
    let (position, isPresent) = find(key)
    guard isPresent else { return nil }
    entryCount -= 1
    let value = chunks[position.chunk].values.remove(at: position.offset)
    chunks[position.chunk].keys.remove(at: position.offset)
    if chunks[position.chunk].keys.isEmpty {
      chunks.remove(at: position.chunk)
    } else {
      mergeWithNext(position.chunk)
    }
    return value
  }

  /// Calls `body` with the entries from `lower` (included) up to `upper` (excluded; `nil` for the end) in their order, or
  /// in the opposite one, until it answers `false`.
  @inlinable
  public func forEach(
    from lower: Key, to upper: Key?, reverse: Bool = false, _ body: (Key, Value) throws -> Bool
  ) rethrows {
    if reverse {
      var position = upper.map { find($0).position } ?? Position(chunk: chunks.count, offset: 0)
      while true {
        if position.offset == 0 {
          guard position.chunk > 0 else { return }
          position.chunk -= 1
          position.offset = chunks[position.chunk].keys.count
          continue
        }
        position.offset -= 1
        let key = chunks[position.chunk].keys[position.offset]
        guard key >= lower else { return }
        guard try body(key, chunks[position.chunk].values[position.offset]) else { return }
      }
    }
    var position = find(lower).position
    while position.chunk < chunks.count {
      let chunk = chunks[position.chunk]
      while position.offset < chunk.keys.count {
        let key = chunk.keys[position.offset]
        if let upper, key >= upper { return }
        guard try body(key, chunk.values[position.offset]) else { return }
        position.offset += 1
      }
      position = Position(chunk: position.chunk + 1, offset: 0)
    }
  }

  /// The place behind the last insertion, when `key` is not there and belongs there: keys mostly come in ascending order, in front of a few
  /// that stay behind them.
  @inlinable func placeBehindLastInsertion(_ key: Key) -> Position? {
    guard lastInsertion.chunk < chunks.count else { return nil }
    let next = lastInsertion.offset + 1
    return chunks[lastInsertion.chunk].keys.withUnsafeBufferPointer { keys in
      guard next <= keys.count, keys[next - 1] < key else { return nil }
      let isBeforeNext = next < keys.count ? key < keys[next] : lastInsertion.chunk == chunks.count - 1
      return isBeforeNext ? Position(chunk: lastInsertion.chunk, offset: next) : nil
    }
  }

  /// Where `key` is, or where it belongs: in the last chunk that begins at or before it.
  @inlinable func find(_ key: Key) -> (position: Position, isPresent: Bool) {
    guard !chunks.isEmpty else { return (Position(chunk: 0, offset: 0), false) }
    let following = Self.firstIndex(below: chunks.count) { chunks[$0].keys[0] > key }
    let chunk = max(0, following - 1)
    return chunks[chunk].keys.withUnsafeBufferPointer { keys in
      let offset = Self.firstIndex(below: keys.count) { keys[$0] >= key }
      return (Position(chunk: chunk, offset: offset), offset < keys.count && keys[offset] == key)
    }
  }

  /// The first index below `count` for which `holds`, which stays true once it is; `count` when there is none.
  @inlinable static func firstIndex(below count: Int, where holds: (Int) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Halves a chunk that became too long. One that grew near its end is cut there instead: keys that come in ascending order
  /// then leave full chunks behind.
  @inlinable mutating func split(_ index: Int, at insertion: Int) {
    let length = chunks[index].keys.count
    let isNearEnd = index == chunks.count - 1 && length - insertion <= max(1, length / 16)
    let cut = isNearEnd ? insertion : length / 2
    if isNearEnd { lastInsertion = Position(chunk: index + 1, offset: 0) }
    let tail = Chunk(keys: Array(chunks[index].keys[cut...]), values: Array(chunks[index].values[cut...]))
    chunks[index].keys.removeSubrange(cut...)
    chunks[index].values.removeSubrange(cut...)
    chunks.insert(tail, at: index + 1)
  }

  /// Joins a chunk with the one after it when both are small, so that what was emptied bit by bit gives its chunks back.
  @inlinable mutating func mergeWithNext(_ index: Int) {
    guard index + 1 < chunks.count else { return }
    guard chunks[index].keys.count + chunks[index + 1].keys.count <= chunkCountMaximum / 2 else { return }
    let next = chunks.remove(at: index + 1)
    chunks[index].keys += next.keys
    chunks[index].values += next.values
  }
}

extension SortedMap: Sendable where Key: Sendable, Value: Sendable {}
extension SortedMap.Chunk: Sendable where Key: Sendable, Value: Sendable {}
