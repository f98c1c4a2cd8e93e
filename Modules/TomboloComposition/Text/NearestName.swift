/// Finds what somebody probably meant to write.
enum NearestName {
  /// The candidate that is the fewest slips away from `name`, when that is near enough to be no guess; or the only one that
  /// `name` is the beginning of.
  static func find(_ name: String, among candidates: [String]) -> String? {
    let limit = max(1, name.count / 3)
    let wanted = Array(name.lowercased())
    let nearest =
      candidates
      .map { (candidate: $0, distance: distance(wanted, Array($0.lowercased()))) }
      .filter { $0.distance <= limit }
      .min { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }?
      .candidate
    if let nearest { return nearest }
    let longer = candidates.filter { name.count >= 3 && $0.lowercased().hasPrefix(name.lowercased()) }
    return longer.count == 1 ? longer[0] : nil
  }

  /// How many letters are missing, too many, wrong or swapped with their neighbour: the optimal string alignment distance.
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var before: [Int] = []
    var previous = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        var cost = min(
          previous[column + 1] + 1, current[column] + 1, previous[column] + (left[row] == right[column] ? 0 : 1))
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, before[column - 1] + 1)
        }
        current.append(cost)
      }
      (before, previous) = (previous, current)
    }
    return previous[right.count]
  }
}
