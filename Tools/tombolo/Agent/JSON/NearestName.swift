/// Finds what somebody who wrote a wrong name most likely meant.
enum NearestName {
  /// The candidate with the fewest changed letters, or `nil` when even that one is too far off to be meant. Case does not
  /// count.
  static func of(_ name: String, among candidates: [String]) -> String? {
    let distances = candidates.map { ($0, distance(name.lowercased(), $0.lowercased())) }
    guard let (nearest, distance) = distances.min(by: { $0.1 < $1.1 }) else { return nil }
    return distance <= max(2, nearest.count / 3) ? nearest : nil
  }

  /// How many letters have to be inserted, deleted or replaced (Levenshtein).
  private static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right.prefix(64))
    var row = Array(0...right.count)
    for (leftIndex, letter) in left.prefix(64).enumerated() {
      var diagonal = row[0]
      row[0] = leftIndex + 1
      for (index, other) in right.enumerated() {
        let replaced = diagonal + (letter == other ? 0 : 1)
        diagonal = row[index + 1]
        row[index + 1] = min(replaced, diagonal + 1, row[index] + 1)
      }
    }
    return row[right.count]
  }
}
