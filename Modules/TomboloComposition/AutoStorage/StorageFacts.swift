/// What is known about a data set and the place it lies in, when an engine is to be chosen or judged.
public struct StorageFacts: Hashable, Sendable {
  /// How many operations there are, or at most will be.
  public var operationCount: Int
  /// In bytes, of their payloads together.
  public var byteCount: Int
  /// How many operations a second are expected to be stored; `nil` when nobody said.
  public var writesPerSecond: Int?
  /// How many processes are to look into the store at once.
  public var processCount: Int
  /// How long it takes to bring one write to the disk; `nil` when it was not measured.
  public var flushDuration: Duration?
  /// Whether the folder lies on another machine's disk.
  public var isRemoteDisk: Bool

  /// These facts.
  public init(
    operationCount: Int, byteCount: Int, writesPerSecond: Int? = nil, processCount: Int = 1,
    flushDuration: Duration? = nil, isRemoteDisk: Bool = false
  ) {
    self.operationCount = operationCount
    self.byteCount = byteCount
    self.writesPerSecond = writesPerSecond
    self.processCount = processCount
    self.flushDuration = flushDuration
    self.isRemoteDisk = isRemoteDisk
  }
}
