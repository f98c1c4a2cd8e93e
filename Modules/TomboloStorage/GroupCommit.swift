public import TomboloPorts

/// The one door to a store: batches handed in while a commit runs go into the next one together, so that many waiting
/// writers cost one flush. A lone writer commits at once, on its own task.
///
///     let door = GroupCommit(store)
///     let revision = try await door.commit(batch)
///
/// Batches are committed in the order they were handed in. A check that fails refuses its own batch alone. When there is no
/// room for all that wait, those that settle (`Batch.isShrinking`) are committed first, and only the others are refused.
public final class GroupCommit: Sendable {
  public let store: any KeyValueStore
  private let gatherer: Gatherer

  /// - Parameters:
  ///   - batchCountMaximum: the most batches in one commit.
  ///   - byteCountMaximum: the most bytes of keys and values in one commit; a single batch may exceed it.
  public init(_ store: any KeyValueStore, batchCountMaximum: Int = 512, byteCountMaximum: Int = 8 * 1_024 * 1_024) {
    self.store = store
    gatherer = Gatherer(countMaximum: batchCountMaximum, weightMaximum: byteCountMaximum) { group in
      // Nothing is to be told apart, and the rest of the way would cost as much again.
      if group.count == 1, let request = group.first as? CommitRequest {
        guard let result = try await store.commit([request.batch]).first else { throw GathererError() }
        return request.answer(Result { try result.get() })
      }
      let requests = group.compactMap { $0 as? CommitRequest }
      let results = try await Self.commit(requests.map(\.batch), to: store)
      for (request, result) in zip(requests, results) { request.answer(result) }
    }
  }

  /// Commits a group; when the store has no room for it, what settles is committed before and apart from what adds, so
  /// that no settlement fails because of what it was gathered with. All of them were waiting at once, so none of them can
  /// tell the difference in order.
  private static func commit(
    _ batches: [Batch], to store: any KeyValueStore
  ) async throws -> [Result<Revision, any Error>] {
    var results = try await commitInParts(batches, to: store)
    let refused = results.indices.filter { results[$0].isRefusedAsFull }
    let shrinking = refused.filter { batches[$0].isShrinking }
    guard !shrinking.isEmpty, shrinking.count < refused.count else { return results }
    for indices in [shrinking, refused.filter { !batches[$0].isShrinking }] {
      let part = indices.map { batches[$0] }
      // Something of the group may have been applied, so cancellation must not stop the rest (see `Gatherer`).
      let answers = try await Task { try await commitInParts(part, to: store) }.value
      for (index, answer) in zip(indices, answers) { results[index] = answer }
    }
    return results
  }

  /// Commits with as few commits as the store's limit on mutations allows: no batch is refused because of those it was
  /// gathered with.
  private static func commitInParts(
    _ batches: [Batch], to store: any KeyValueStore
  ) async throws -> [Result<Revision, any Error>] {
    let limit = store.capabilities.mutationCountMaximum
    var results: [Result<Revision, any Error>] = []
    while results.count < batches.count {
      var end = results.count + 1
      var mutationCount = batches[results.count].mutations.count
      while end < batches.count, mutationCount + batches[end].mutations.count <= limit {
        mutationCount += batches[end].mutations.count
        end += 1
      }
      let part = batches[results.count..<end]
      do {
        // What was applied cannot be done again, so cancellation may only stop the first part (see `Gatherer`).
        let answers =
          results.isEmpty
          ? try await store.commit(Array(part)) : try await Task { try await store.commit(Array(part)) }.value
        results += answers.map { result in Result { try result.get() } }
      } catch is CancellationError where results.isEmpty {
        // Nothing of the group was applied: the gatherer tries again, out of reach of the cancellation.
        throw CancellationError()
      } catch {
        results += part.map { _ in .failure(error) }
      }
    }
    return results
  }

  /// How many batches wait for the commit under way to end.
  package var waitingCount: Int { gatherer.waitingCount }

  /// Returns once `batch` is applied and as durable as the store makes it. Cancellation does not withdraw it.
  ///
  /// Throws `StoreError` with `conflict` when a check did not hold, and whatever else the store reports.
  public func commit(_ batch: Batch) async throws -> Revision {
    let request = CommitRequest(batch)
    await gatherer.submit(request)
    return try request.result()
  }
}

/// A batch on its way to the store.
///
/// Safety: the outcome is written by whoever processes the group, before its caller is told to go on, and read by the caller after that.
/// So no two look at it at once, nor at the seat.
private final class CommitRequest: GatheredRequest, @unchecked Sendable {
  let batch: Batch
  let weight: Int
  @exclusivity(unchecked) var seat = GathererSeat()
  private var outcome: Result<Revision, any Error>?

  init(_ batch: Batch) {
    self.batch = batch
    weight = batch.byteCount
  }

  func answer(_ result: Result<Revision, any Error>) {
    outcome = result
  }

  func fail(_ error: any Error) {
    answer(.failure(error))
  }

  func result() throws -> Revision {
    guard let result = outcome else { throw GathererError() }
    return try result.get()
  }
}

extension Batch {
  /// The bytes of all its keys and values.
  package var byteCount: Int {
    // In place: every commit passes here, and a copy of each mutation counts references to its key and its value.
    mutations.withUnsafeBufferPointer { mutations in
      var sum = 0
      for index in mutations.indices {
        switch mutations[index] {
        case .put(let key, let value): sum += key.bytes.count + value.count
        case .delete(let key): sum += key.bytes.count
        }
      }
      return sum
    }
  }
}

extension Result where Success == Revision, Failure == any Error {
  fileprivate var isRefusedAsFull: Bool {
    guard case .failure(let error as StoreError) = self else { return false }
    return error.code == .full
  }
}
