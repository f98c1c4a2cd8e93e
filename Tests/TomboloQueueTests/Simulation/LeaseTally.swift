import TomboloPorts
import TomboloTesting

@testable import TomboloQueue

/// Who was given the newest lease of each operation, as the disk has it, and whether anybody else settled it meanwhile.
struct LeaseTally {
  private struct Lease {
    var holder: String
    var record: LeaseRecord
  }

  private var leases: [OperationID: Lease] = [:]
  /// The newest token that each operation was ever leased with.
  private var newestTokens: [OperationID: UInt64] = [:]
  /// Of leases that ended without a settlement: their time was over, by the clock of whoever looked, or they were given back.
  private var unsettled: Set<UInt64> = []
  /// Of leases that ended with their holder's settlement.
  private var settled: Set<UInt64> = []
  /// How often a lease was put off, and how often one that was over was followed by another process's of the same life.
  private(set) var renewalCount = 0
  private(set) var takeoverCount = 0
  /// Whose lease was over before it was settled.
  private var lastHolders: [OperationID: String] = [:]

  /// What the processes of an earlier life left behind is taken over by nobody.
  mutating func begins() { lastHolders.removeAll() }

  /// Whether the lease with this token is not, or no longer, the one that counts, without its own settlement having ended it.
  func hasLost(_ id: OperationID, token: UInt64?) -> Bool {
    guard let token else { return false }
    return unsettled.contains(token) || newestTokens[id].map { $0 > token } ?? false
  }

  /// Whether what its delivery came to is stored; where nothing is leased there is no doubt.
  func hasSettled(token: UInt64?) -> Bool { token.map { settled.contains($0) } ?? true }

  /// Follows a batch of `holder` that was applied, and answers what is wrong with it.
  ///
  /// A settlement ends the lease, and takes the operation away or notes how it went. That is for whoever has the lease; others only
  /// clear away one that is over. What expires meanwhile goes whoever notices, so it is left out.
  mutating func applied(
    _ batch: Batch, by holder: String, at now: Timestamp, trace: SimulationTrace, expires: (OperationID) -> Bool
  ) -> [String] {
    var problems: [String] = []
    for mutation in batch.mutations {
      guard QueueLayout.leases.contains(mutation.key), let id = QueueLayout.trailingID(mutation.key) else { continue }
      switch mutation {
      case .put(_, let value):
        guard let record = try? LeaseRecord(value) else {
          problems.append("the lease of \(id) cannot be read")
          continue
        }
        if let newest = leases[id], record.token < newest.record.token {
          problems.append("\(id) is leased with token \(record.token) after \(newest.record.token)")
        }
        if newestTokens[id] == record.token { renewalCount += 1 }
        if let last = lastHolders.removeValue(forKey: id), last != holder { takeoverCount += 1 }
        trace.note("lease \(record.token) of \(id): \(holder) until \(record.until)")
        newestTokens[id] = record.token
        leases[id] = Lease(holder: holder, record: record)
      case .delete:
        guard let newest = leases.removeValue(forKey: id) else { continue }
        let settles = batch.settles(id)
        trace.note("lease \(newest.record.token) of \(id): \(settles ? "settled" : "ended") by \(holder)")
        // One that is over may be ended by another process in the very commit in which that one has it expire or make room.
        if settles, newest.holder == holder {
          settled.insert(newest.record.token)
        } else {
          unsettled.insert(newest.record.token)
          // One that is given back ends before its time.
          if newest.record.until <= now { lastHolders[id] = newest.holder }
        }
        guard settles, newest.holder != holder, newest.record.until > now, !expires(id) else { continue }
        problems.append(
          "\(id) was settled by \(holder), and \(newest.holder) has it with token \(newest.record.token)")
      }
    }
    return problems
  }
}

extension Batch {
  fileprivate func settles(_ id: OperationID) -> Bool {
    mutations.contains { mutation in
      switch mutation {
      case .put(let key, _): key == QueueLayout.progress(id)
      // On a shared store nothing is leased that is not parted.
      case .delete(let key): key == QueueLayout.operation(id)
      }
    }
  }
}
