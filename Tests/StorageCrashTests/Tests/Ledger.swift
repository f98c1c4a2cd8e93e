import Testing
import TomboloPorts

@testable import storage_load

/// Everything that was acknowledged, and what must follow from it.
struct Ledger {
  private struct Producer: Hashable {
    var round: Int
    var number: Int
  }

  let seed: UInt64
  private(set) var acknowledgedCount = 0
  /// The last acknowledged step of every producer; `nil` before its first.
  private var last: [Producer: Acknowledgement?] = [:]
  private var revisions: [Revision: LoadStep] = [:]
  private var auditedRound = -1
  private var round = -1

  init(seed: UInt64) { self.seed = seed }

  /// Takes down what a program printed, in the order it did.
  mutating func note(_ acknowledgements: [Acknowledgement], round: Int, producerCount: Int) {
    self.round = round
    for number in 0..<producerCount { last[Producer(round: round, number: number)] = .some(nil) }
    for acknowledgement in acknowledgements {
      acknowledgedCount += 1
      #expect(acknowledgement.step.round == round, "seed \(seed)")
      noteRevision(acknowledgement.revision, of: acknowledgement.step)
      last[Producer(round: round, number: acknowledgement.step.producer)] = acknowledgement
    }
  }

  /// Compares the store with what must be there: of the rounds since the last audit, or of all.
  mutating func audit(_ store: any KeyValueStore, isComplete: Bool) async throws {
    for (producer, acknowledged) in last where isComplete || producer.round > auditedRound {
      try await audit(producer, acknowledged, in: store)
    }
    auditedRound = round
  }

  private mutating func audit(
    _ producer: Producer, _ acknowledged: Acknowledgement?, in store: any KeyValueStore
  ) async throws {
    let place = "seed \(seed), round \(producer.round), producer \(producer.number)"
    let note = try await store.get(LoadStep.last(round: producer.round, producer: producer.number))
    let appliedCount =
      try note.map { try #require(Int(String(decoding: $0.value, as: UTF8.self)), "\(place)") + 1 } ?? 0
    let acknowledgedCount = acknowledged.map { $0.step.index + 1 } ?? 0
    // A producer waits for each answer: only one step can be applied and not acknowledged.
    #expect((acknowledgedCount...acknowledgedCount + 1).contains(appliedCount), "\(place)")
    if let note {
      let step = LoadStep(round: producer.round, producer: producer.number, index: appliedCount - 1)
      if appliedCount == acknowledgedCount {
        #expect(note.revision == acknowledged?.revision, "\(place)")
      } else {
        noteRevision(note.revision, of: step)
      }
    }
    let range = KeyRange.prefix(LoadStep.pairs(round: producer.round, producer: producer.number))
    let records = try await store.scan(range, limit: .max)
    let found = Dictionary(records.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    let wanted = LoadStep.pairs(round: producer.round, producer: producer.number, after: appliedCount)
    #expect(found == wanted, "\(place)")
    // Both records of a pair come from one batch.
    let pairs = Dictionary(grouping: records, by: \.revision)
    #expect(pairs.values.allSatisfy { $0.count == 2 }, "\(place)")
  }

  private mutating func noteRevision(_ revision: Revision, of step: LoadStep) {
    if let earlier = revisions.updateValue(step, forKey: revision) {
      #expect(earlier == step, "seed \(seed): revision \(revision) was given to \(earlier) and to \(step)")
    }
  }
}
