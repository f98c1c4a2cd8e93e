import TomboloPorts

/// Keys and values in an engine, the shortest way: what an engine takes for the records of the queue, without anything of ours. Where the
/// engine is a library, that is its C interface; `file` has none, and there it is bytes appended and flushed.
protocol RecordsFloor {
  /// Answers how many of them are there.
  func read(_ keys: [[UInt8]]) throws -> Int

  /// One commit, flushed, of changes in their order. A key that is deleted need not be there.
  func commit(_ mutations: [Mutation]) throws
}
