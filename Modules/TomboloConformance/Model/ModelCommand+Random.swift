import TomboloPorts

extension ModelCommand {
  /// `count` commands over few keys, so that they meet often.
  static func list(
    _ count: Int, for capabilities: StoreCapabilities, withCrash: Bool, using random: inout SeededGenerator
  ) -> [ModelCommand] {
    (0..<count).map { _ in
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<10: .commit((0..<Int.random(in: 1...3, using: &random)).map { _ in batch(capabilities, &random) })
      case 10..<13: .get((0..<Int.random(in: 0...4, using: &random)).map { _ in key(capabilities, &random) })
      case 13..<18:
        .scan(
          KeyRange(
            from: key(capabilities, &random), to: Bool.random(using: &random) ? key(capabilities, &random) : nil),
          reverse: .random(using: &random), limit: .random(in: -1...12, using: &random))
      case 18 where capabilities.isDurable: .reopen
      case 19 where withCrash: .crash
      default: .scan(.all, reverse: .random(using: &random), limit: .max)
      }
    }
  }

  private static func batch(_ capabilities: StoreCapabilities, _ random: inout SeededGenerator) -> ModelBatch {
    var batch = ModelBatch(checks: [], mutations: [])
    for _ in 0..<max(0, Int.random(in: -2...2, using: &random)) {
      let expectation =
        Int.random(in: 0..<4, using: &random) > 0
        ? .current : ModelCheck.Expectation.allCases.randomElement(using: &random)
      batch.checks.append(ModelCheck(key: key(capabilities, &random), expectation: expectation ?? .current))
    }
    for _ in 0..<min(Int.random(in: 0...4, using: &random), capabilities.mutationCountMaximum / 3) {
      if Int.random(in: 0..<3, using: &random) == 0 {
        batch.mutations.append(.delete(key(capabilities, &random)))
      } else {
        let byteCount = [0, 1, 2, 300, 5_000].randomElement(using: &random) ?? 0
        let byte = UInt8.random(in: .min ... .max, using: &random)
        let value = [UInt8](repeating: byte, count: min(byteCount, capabilities.valueByteCountMaximum))
        batch.mutations.append(.put(key(capabilities, &random), value))
      }
    }
    return batch
  }

  private static func key(_ capabilities: StoreCapabilities, _ random: inout SeededGenerator) -> Key {
    let byteCount = min(Int.random(in: 0...2, using: &random), capabilities.keyByteCountMaximum)
    return Key((0..<byteCount).map { _ in [0, 0x61, 0x80, 0xFF].randomElement(using: &random) ?? 0 })
  }
}
