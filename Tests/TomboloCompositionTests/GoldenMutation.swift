/// Changes a config at random, the way people, editors and disks do.
struct GoldenMutation {
  private static let words = [
    "null", "~", "true", "no", "-1", "0", "1e309", "99999999999999999999", "5s", "5", "10MiB", "{}", "[]", "[1, 2]",
    "{a: b}", "*nobody", "&anchor x", "!!str 1", "!!binary aGk=", "${HOME_OF_NOBODY}", "${", "$${X}", "\"", "'", "|",
    ">",
    "- ", "? ", ": ", "#", "<<: {a: b}", "\t", "\u{0}", "\u{FEFF}", "ä", "😀", "type: memory", "type: auto", "sqlite",
    "concurrency: 3", "---", "...", "%YAML 1.1",
  ]

  /// `text` after one to four changes.
  static func mutate(_ text: String, using random: inout some RandomNumberGenerator) -> String {
    var text = text
    for _ in 0..<Int.random(in: 1...4, using: &random) { text = change(text, using: &random) }
    return text
  }

  private static func change(_ text: String, using random: inout some RandomNumberGenerator) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let index = Int.random(in: 0..<lines.count, using: &random)
    let word = words.randomElement(using: &random) ?? ""
    switch Int.random(in: 0..<10, using: &random) {
    case 0: lines.remove(at: index)
    case 1: lines.insert(lines[index], at: index)
    case 2: lines.insert(word, at: index)
    case 3: lines[index] = "  " + lines[index]
    case 4: lines[index] = String(lines[index].drop { $0 == " " })
    case 5: lines.swapAt(index, Int.random(in: 0..<lines.count, using: &random))
    case 6: lines[index] = replacing(in: lines[index], by: word, using: &random)
    case 7: lines[index] = removing(from: lines[index], using: &random)
    case 8: return String(text.prefix(Int.random(in: 0...text.count, using: &random)))
    default: lines[index] = inserting(word, into: lines[index], using: &random)
    }
    return lines.joined(separator: "\n")
  }

  /// What stands behind a colon is another word.
  private static func replacing(
    in line: String, by word: String, using random: inout some RandomNumberGenerator
  ) -> String {
    let colons = line.indices.filter { line[$0] == ":" }
    guard let colon = colons.randomElement(using: &random) else { return word }
    return line[...colon] + " " + word
  }

  private static func removing(from line: String, using random: inout some RandomNumberGenerator) -> String {
    var line = line
    if let index = line.indices.randomElement(using: &random) { line.remove(at: index) }
    return line
  }

  private static func inserting(
    _ word: String, into line: String, using random: inout some RandomNumberGenerator
  ) -> String {
    let offset = Int.random(in: 0...line.count, using: &random)
    return line.prefix(offset) + word + line.dropFirst(offset)
  }
}

/// A generator that gives the same numbers for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
