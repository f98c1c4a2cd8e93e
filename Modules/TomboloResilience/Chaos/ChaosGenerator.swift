private import Synchronization

/// The numbers of a chaos policy with a seed of its own: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014). The nth call to begin gets the nth fate, however many are under way.
final class ChaosGenerator: Sendable {
  private let state: Atomic<UInt64>

  init(seed: UInt64) { state = Atomic(seed) }

  /// The numbers of one call: three, between 0 and 1.
  func draw() -> (Double, Double, Double) {
    let step: UInt64 = 0x9E37_79B9_7F4A_7C15
    let first = state.wrappingAdd(step &* 3, ordering: .relaxed).oldValue
    return (Self.unit(first &+ step), Self.unit(first &+ step &* 2), Self.unit(first &+ step &* 3))
  }

  private static func unit(_ state: UInt64) -> Double {
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    value ^= value >> 31
    // The 53 bits that a Double holds exactly.
    return Double(value >> 11) * 0x1p-53
  }
}
