/// Which engine suits which data set. Pure: facts in, a name and a reason out.
///
/// | when | engine |
/// |---|---|
/// | the folder is on a remote disk | `file` |
/// | other processes look in | `sqlite` |
/// | few and small operations | `file` |
/// | very many writes a second, and the disk flushes fast | `lmdb` |
/// | otherwise | `sqlite` |
public struct StorageAdvisor: Sendable {
  /// An engine, and why it.
  public struct Advice: Hashable, Sendable {
    /// As `storage.type` names it.
    public var engine: String
    /// A clause that can follow `because`.
    public var reason: String
  }

  /// Up to this many operations the file engine keeps its index in a few megabytes of memory.
  static let fewOperations = 20_000
  /// In bytes: what the file engine reads through in a moment when it is opened.
  static let fewBytes = 64 << 20
  /// From this rate on the cheaper reads of LMDB outweigh its second flush.
  static let manyWritesPerSecond = 20_000
  /// A slower flush counts twice with LMDB, which flushes a commit's data and then its root.
  static let slowFlush = Duration.milliseconds(2)
  /// How far a data set must have outgrown an engine before a migration is worth the trouble.
  static let outgrownFactor = 4

  /// The engines that may be chosen: those of these names that are compiled in.
  public var available: Set<String>

  /// An advisor that chooses among the engines of these names.
  public init(available: Set<String>) { self.available = available }

  /// The engine for a data set that does not exist yet; `nil` when none of those it knows is compiled in.
  public func choice(for facts: StorageFacts) -> Advice? {
    rules(facts).first { available.contains($0.engine) }
  }

  /// What speaks against the engine that an existing data set has; `nil` when it does well enough.
  public func objection(to engine: String, _ facts: StorageFacts) -> Advice? {
    let better: Advice?
    switch engine {
    case "file" where facts.isRemoteDisk: better = nil
    case "file" where facts.operationCount > Self.fewOperations * Self.outgrownFactor,
      "file" where facts.byteCount > Self.fewBytes * Self.outgrownFactor:
      let reason = "\(Self.amount(facts)) are more than the file engine's index in memory is meant for"
      better = Advice(engine: "sqlite", reason: reason)
    case "sqlite" where facts.isRemoteDisk, "lmdb" where facts.isRemoteDisk:
      better = Advice(
        engine: "file", reason: "the folder is on a remote disk, where the shared memory of \(engine) is not safe")
    case "lmdb" where facts.processCount > 1: better = Advice(engine: "sqlite", reason: Self.othersLookIn)
    default: better = nil
    }
    return better.flatMap { available.contains($0.engine) ? $0 : nil }
  }

  /// Every rule that holds, the weightiest first; the last one always does.
  private func rules(_ facts: StorageFacts) -> [Advice] {
    var advice: [Advice] = []
    if facts.isRemoteDisk {
      advice.append(
        Advice(engine: "file", reason: "the folder is on a remote disk, and plain files need no memory shared with it"))
    }
    if facts.processCount > 1 { advice.append(Advice(engine: "sqlite", reason: Self.othersLookIn)) }
    if facts.operationCount <= Self.fewOperations, facts.byteCount <= Self.fewBytes, facts.processCount == 1 {
      advice.append(
        Advice(engine: "file", reason: "at most \(Self.amount(facts)) fit into plain files with an index in memory"))
    }
    if let rate = facts.writesPerSecond, rate >= Self.manyWritesPerSecond,
      facts.flushDuration.map({ $0 <= Self.slowFlush }) ?? true
    {
      advice.append(
        Advice(
          engine: "lmdb", reason: "\(rate) operations a second are expected, and LMDB reads and settles them fastest"))
    }
    advice.append(
      Advice(
        engine: "sqlite",
        reason: "up to \(Self.amount(facts)) are expected, and SQLite does well with any number of them"))
    // Where SQLite is not compiled in, any durable engine is better than none.
    let last = "the engines that would suit better are not compiled in"
    return advice + [Advice(engine: "lmdb", reason: last), Advice(engine: "file", reason: last)]
  }

  private static let othersLookIn = "other processes look into the store, which an SQLite database allows"

  private static func amount(_ facts: StorageFacts) -> String {
    "\(facts.operationCount) operations and \(SizeText.render(facts.byteCount))"
  }
}
