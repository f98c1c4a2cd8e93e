import Testing
import TomboloTesting

@testable import TomboloStorage

@Suite("SortedMap")
struct SortedMapTests {
  @Test("Answers like a dictionary, in key order, whatever is inserted and removed", arguments: [2, 3, 8, 512])
  func likeADictionary(chunkCountMaximum: Int) {
    let seed = UInt64.random(in: 1 ... .max)
    var generator = SeededGenerator(seed: seed)
    func random(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
    var map = SortedMap<Int, Int>(chunkCountMaximum: chunkCountMaximum)
    var model: [Int: Int] = [:]
    for round in 0..<6_000 {
      let key = random(below: 400)
      // Mostly growing at first, mostly shrinking at the end.
      if random(below: 6) == 0 {
        #expect(map.insert(round, forKey: key) == (model[key] == nil), "seed \(seed)")
        model[key] = model[key] ?? round
      } else if random(below: 6_000) > round {
        #expect(map.updateValue(round, forKey: key) == model.updateValue(round, forKey: key), "seed \(seed)")
      } else {
        #expect(map.removeValue(forKey: key) == model.removeValue(forKey: key), "seed \(seed)")
      }
      guard round % 50 == 0 else { continue }
      #expect(map.count == model.count, "seed \(seed)")
      let lower = random(below: 420) - 10
      let upper: Int? = random(below: 4) == 0 ? nil : lower + random(below: 200)
      let inside = model.keys.filter { $0 >= lower && $0 < upper ?? .max }.sorted()
      #expect(keys(of: map, from: lower, to: upper) == inside, "seed \(seed)")
      #expect(keys(of: map, from: lower, to: upper, reverse: true) == inside.reversed(), "seed \(seed)")
      #expect(map[key] == model[key], "seed \(seed)")
      #expect(map.contains(key) == (model[key] != nil), "seed \(seed)")
    }
  }

  @Test("Keys may come in ascending and in descending order", arguments: [true, false])
  func sortedInsertion(isAscending: Bool) {
    var map = SortedMap<Int, Int>(chunkCountMaximum: 4)
    for key in isAscending ? Array(0..<100) : (0..<100).reversed() { map[key] = key * 2 }
    #expect(keys(of: map, from: 0, to: nil) == Array(0..<100))
    for key in isAscending ? Array(0..<100) : (0..<100).reversed() {
      #expect(map[key] == key * 2)
      map[key] = nil
    }
    #expect(map.isEmpty)
    #expect(keys(of: map, from: 0, to: nil, reverse: true).isEmpty)
  }

  @Test("Runs that ascend, wherever they begin, and removals between them", arguments: [2, 3, 8, 40])
  func runs(chunkCountMaximum: Int) {
    let seed = UInt64.random(in: 1 ... .max)
    var generator = SeededGenerator(seed: seed)
    func random(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
    var map = SortedMap<Int, Int>(chunkCountMaximum: chunkCountMaximum)
    var model: [Int: Int] = [:]
    for round in 0..<600 {
      let (start, step) = (random(below: 2_000), 1 + random(below: 5))
      for index in 0..<random(below: 30) {
        let key = start + step * index
        #expect(map.updateValue(round, forKey: key) == model.updateValue(round, forKey: key), "seed \(seed)")
      }
      for _ in 0..<random(below: 40) {
        let key = random(below: 2_200)
        #expect(map.removeValue(forKey: key) == model.removeValue(forKey: key), "seed \(seed)")
      }
      #expect(map.count == model.count, "seed \(seed)")
      #expect(keys(of: map, from: 0, to: nil) == model.keys.sorted(), "seed \(seed)")
    }
  }

  @Test("Keys that ascend in front of some that stay behind them leave full chunks")
  func fullChunks() {
    var map = SortedMap<Int, Int>(chunkCountMaximum: 64)
    for key in [10_000, 10_001] { map[key] = 0 }
    for key in 0..<3_200 { map[key] = key }
    #expect(map.chunks.count < 3_200 / 64 + 6)
    #expect(map.chunks.dropLast().allSatisfy { $0.keys.count >= 60 })
    #expect(keys(of: map, from: 0, to: nil) == Array(0..<3_200) + [10_000, 10_001])
  }

  @Test("A walk ends when it is told to")
  func earlyEnd() {
    var map = SortedMap<Int, Int>(chunkCountMaximum: 2)
    for key in 0..<10 { map[key] = key }
    var seen: [Int] = []
    map.forEach(from: 3, to: nil) { key, _ in
      seen.append(key)
      return seen.count < 4
    }
    #expect(seen == [3, 4, 5, 6])
  }

  private func keys(
    of map: SortedMap<Int, Int>, from lower: Int, to upper: Int?, reverse: Bool = false
  ) -> [Int] {
    var keys: [Int] = []
    map.forEach(from: lower, to: upper, reverse: reverse) { key, _ in
      keys.append(key)
      return true
    }
    return keys
  }
}
