import Synchronization
public import TomboloPorts

extension NetworkMonitor {
  /// Returns the first status, from the present one on, that meets `condition`. Throws `CancellationError` when the task is
  /// cancelled.
  public func wait(until condition: (NetworkStatus) -> Bool) async throws -> NetworkStatus {
    for await status in statuses() where condition(status) { return status }
    throw CancellationError()
  }

  /// Returns once the status is `condition`, at once when it is so now.
  ///
  ///     let status = try await monitor.wait(until: .online, deadline: .now + .seconds(10))
  ///
  /// - Throws: `NetworkWaitError` with `deadlinePassed` when it did not come about in time; `CancellationError` when the task
  ///   was cancelled.
  @discardableResult
  public func wait(
    until condition: NetworkStatus.Condition, deadline: ContinuousClock.Instant? = nil
  ) async throws -> NetworkStatus {
    // Without this a deadline that has passed could be quicker than the answer.
    let known = status
    guard known.condition != condition else { return known }
    let limit = deadline.map { max($0 - .now, .zero) }
    return try await withThrowingTaskGroup(of: NetworkStatus?.self) { group in
      defer { group.cancelAll() }
      group.addTask { try await self.wait { $0.condition == condition } }
      if let limit {
        group.addTask { [time] in
          try await time.sleep(for: limit)
          return nil
        }
      }
      if let reached = try await group.next().flatMap({ $0 }) { return reached }
      let present = status
      throw NetworkWaitError(
        .deadlinePassed,
        "the network did not become \(condition.rawValue) in time: it is \(present.condition.rawValue) since "
          + "\(present.since) (\(present.reason))", status: present)
    }
  }

  /// Asks the system and every probe once, and answers with what that makes of the status. Works with and without `run()`.
  ///
  /// The system gets a moment, and each probe its own time limit. No probe is asked while an override decides.
  public func survey() async -> NetworkStatus {
    await withDiscardingTaskGroup { group in
      if let path, !(path is SilentPathSource) { group.addTask { await self.surveyPath(path) } }
      for index in subjects.indices where state.withLock({ !$0.machines[index].isForced }) {
        group.addTask { await self.refresh(index) }
      }
    }
    return status
  }

  /// How long the system may take to tell of its interfaces; it takes milliseconds.
  private static let pathLimit = Duration.seconds(2)

  private func surveyPath(_ path: any NetworkPathSource) async {
    let (reports, teller) = AsyncStream.makeStream(of: NetworkPathReport.self, bufferingPolicy: .bufferingNewest(1))
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await path.run { teller.yield($0) } }
      group.addTask {
        for await report in reports {
          self.take(report, from: path.name)
          return
        }
      }
      group.addTask { [time] in
        // A sleep that throws was cancelled: the system was quicker, or the survey is.
        do { try await time.sleep(for: Self.pathLimit) } catch { return }
      }
      await group.next()
      group.cancelAll()
    }
  }
}
