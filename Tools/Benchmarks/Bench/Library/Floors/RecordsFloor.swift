import TomboloPorts

/// Keys and values in an engine, the shortest way: what an engine takes for the records of the queue, without anything of ours. Where the
/// engine is a library, that is its C interface; `file` has none, and there it is bytes appended and flushed.
protocol RecordsFloor {
  /// Reads the values of keys that are neighbours, given in their order, and answers how many of them are there. Where an engine has an order,
  /// from the first to the last, as a claim of the queue does.
  func read(_ neighbours: [[UInt8]]) throws -> Int

  /// One commit, flushed, of changes in their order. A key that is deleted need not be there.
  func commit(_ mutations: [Mutation]) throws
}
