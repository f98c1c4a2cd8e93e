import TomboloPorts
import TomboloStorage

/// One commit of one producer, and what the store holds after it: a function of nothing but its numbers, so that a test can
/// tell what must be there after any number of steps.
///
/// Every step puts a pair of records that belong together and notes its own number; every third one deletes the pair before
/// the last as well, and every fifth uses a key that is longer than LMDB takes. All of it is one batch.
struct LoadStep: Hashable, Sendable {
  var round: Int
  var producer: Int
  /// From 0.
  var index: Int

  /// Where a producer notes its last step.
  static func last(round: Int, producer: Int) -> Key { Key("last/\(round)/\(producer)") }

  /// What all keys of the pairs of a producer begin with.
  static func pairs(round: Int, producer: Int) -> Key { Key("pair/\(round)/\(producer)/") }

  /// The pair's keys.
  var keys: [Key] {
    let tail = index % 5 == 0 ? String(repeating: "x", count: 600) : ""
    return ["a", "b"].map {
      Key(Self.pairs(round: round, producer: producer).bytes + Array("\(index)/\(tail)\($0)".utf8))
    }
  }

  var value: [UInt8] {
    [UInt8](repeating: UInt8((index * 31 + producer * 7 + round) % 251), count: index * 97 % 3_000)
  }

  /// The step whose pair this one deletes.
  var deleted: LoadStep? {
    index % 3 == 2 ? LoadStep(round: round, producer: producer, index: index - 2) : nil
  }

  var batch: Batch {
    var batch = Batch()
    for key in keys { batch.put(key, value) }
    batch.put(Self.last(round: round, producer: producer), Array("\(index)".utf8))
    for key in deleted?.keys ?? [] { batch.delete(key) }
    return batch
  }

  /// The values of all pairs that are there once `count` steps were applied.
  static func pairs(round: Int, producer: Int, after count: Int) -> [Key: [UInt8]] {
    var pairs: [Key: [UInt8]] = [:]
    for index in 0..<count {
      let step = LoadStep(round: round, producer: producer, index: index)
      for key in step.keys { pairs[key] = step.value }
      for key in step.deleted?.keys ?? [] { pairs[key] = nil }
    }
    return pairs
  }
}

/// What the program prints once a commit has returned.
struct Acknowledgement: Hashable, Sendable {
  var step: LoadStep
  var revision: Revision

  var line: String { "\(step.round) \(step.producer) \(step.index) \(revision.rawValue)\n" }

  init(step: LoadStep, revision: Revision) {
    self.step = step
    self.revision = revision
  }

  /// `nil` for what is no whole line.
  init?(line: Substring) {
    let numbers = line.split(separator: " ").compactMap { UInt64($0) }
    guard numbers.count == 4 else { return nil }
    step = LoadStep(round: Int(numbers[0]), producer: Int(numbers[1]), index: Int(numbers[2]))
    revision = Revision(rawValue: numbers[3])
  }
}
