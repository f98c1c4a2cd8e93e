/// How far a migration is.
public struct MigrationProgress: Hashable, Sendable {
  /// What it is doing.
  public enum Phase: String, Hashable, Sendable, CaseIterable {
    /// Reading the source once: what is there, and does it fit. The totals are not known yet, and zero.
    case surveying
    case copying
    /// Comparing target and source, record by record.
    case verifying
  }

  public var phase: Phase
  /// Done in this phase; with `copying` what an earlier run has copied is counted.
  public var recordCount: Int
  /// Of keys and values.
  public var byteCount: Int
  public var recordCountTotal: Int
  public var byteCountTotal: Int

  public init(phase: Phase, recordCount: Int, byteCount: Int, recordCountTotal: Int, byteCountTotal: Int) {
    self.phase = phase
    self.recordCount = recordCount
    self.byteCount = byteCount
    self.recordCountTotal = recordCountTotal
    self.byteCountTotal = byteCountTotal
  }
}

/// What a finished migration has found: target and source hold the same.
public struct MigrationReport: Hashable, Sendable {
  public var recordCount: Int
  /// Of keys and values.
  public var byteCount: Int
  /// SHA-256 over all records in key order, in hexadecimal: the same for every store with the same records.
  public var digest: String
  /// How many records this run copied; an earlier run has copied the others.
  public var recordCountCopied: Int
}
