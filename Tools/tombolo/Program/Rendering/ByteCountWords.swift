/// How much room something takes, for a person.
enum ByteCountWords {
  /// `1 byte`, `512 bytes`, `1.5 KiB`, `20.0 MiB`.
  static func text(_ count: Int) -> String {
    guard count >= 1_024 else { return count == 1 ? "1 byte" : "\(count) bytes" }
    var (tenths, unit) = (count * 10 / 1_024, "KiB")
    for next in ["MiB", "GiB", "TiB"] where tenths >= 10_240 { (tenths, unit) = (tenths / 1_024, next) }
    return "\(tenths / 10).\(tenths % 10) \(unit)"
  }
}
