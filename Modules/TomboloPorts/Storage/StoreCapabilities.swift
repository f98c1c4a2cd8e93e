/// What a store can do and where its limits are: facts that layers and conformance rules ask for instead of an engine's name.
///
/// They are the same at every opening, and every limit is at least one. What lies at a limit works; what lies over it refuses
/// its own batch and no other, before its checks are judged.
public struct StoreCapabilities: Hashable, Sendable {
  /// Whether what was committed is there again after the process ends.
  public var isDurable: Bool
  /// Whether several processes may have it open at once. When not, opening it twice is refused.
  public var isShareable: Bool
  /// The longest key in bytes. A longer one, in a check, a put or a delete, is refused with `keyTooLong`.
  public var keyByteCountMaximum: Int
  /// The largest value in bytes. A larger one is refused with `valueTooLarge`.
  public var valueByteCountMaximum: Int
  /// The most mutations one commit may carry, over all its batches that are applied. The batch that would go beyond is refused
  /// with `batchTooLarge`; a smaller one after it may fit.
  public var mutationCountMaximum: Int
  /// What a commit has reached when it returns and no batch asks for anything else; `nil` when the store does not say.
  public var durability: StoreDurability?
  /// Whether a commit reaches more, or less, when `Batch.durability` asks for it.
  public var heedsBatchDurability: Bool

  public init(
    isDurable: Bool,
    isShareable: Bool,
    keyByteCountMaximum: Int = 1_024,
    valueByteCountMaximum: Int = 64 * 1_024 * 1_024,
    mutationCountMaximum: Int = 100_000,
    durability: StoreDurability? = nil,
    heedsBatchDurability: Bool = false
  ) {
    self.durability = durability
    self.heedsBatchDurability = heedsBatchDurability
    self.isDurable = isDurable
    self.isShareable = isShareable
    self.keyByteCountMaximum = keyByteCountMaximum
    self.valueByteCountMaximum = valueByteCountMaximum
    self.mutationCountMaximum = mutationCountMaximum
  }
}
