/// What a store can do and where its limits are: facts that layers and conformance rules ask for instead of an engine's name.
public struct StoreCapabilities: Hashable, Sendable {
  /// Whether what was committed is there again after the process ends.
  public var isDurable: Bool
  /// Whether several processes may have it open at once. When not, opening it twice is refused.
  public var isShareable: Bool
  /// The longest key in bytes.
  public var keyByteCountMaximum: Int
  /// The largest value in bytes.
  public var valueByteCountMaximum: Int
  /// The most mutations one commit may carry, over all its batches.
  public var mutationCountMaximum: Int

  public init(
    isDurable: Bool,
    isShareable: Bool,
    keyByteCountMaximum: Int = 1_024,
    valueByteCountMaximum: Int = 64 * 1_024 * 1_024,
    mutationCountMaximum: Int = 100_000
  ) {
    self.isDurable = isDurable
    self.isShareable = isShareable
    self.keyByteCountMaximum = keyByteCountMaximum
    self.valueByteCountMaximum = valueByteCountMaximum
    self.mutationCountMaximum = mutationCountMaximum
  }
}
