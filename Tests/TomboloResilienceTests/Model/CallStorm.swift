import TomboloResilience

/// Many calls at once, of which each does what its seed says: succeed, fail in one of several ways, wait, be cancelled before it
/// began or in the middle.
struct CallStorm: Sendable {
  enum Ending: CaseIterable { case value, transient, throttled, unknown, permanent, refused }

  struct Unknown: ClassifiedFailure { var failureClass: FailureClass { .outcomeUnknown } }
  struct Throttled: ClassifiedFailure { var failureClass: FailureClass { .throttled(retryAfter: .milliseconds(3)) } }
  struct Permanent: ClassifiedFailure { var failureClass: FailureClass { .permanent } }

  let seed: UInt64
  var callCount = 400

  /// Makes the calls, and returns when all have ended. `call` gets the index of the call and what its body does.
  func run(
    _ call: @escaping @Sendable (_ index: Int, _ body: @escaping @Sendable () async throws -> Int) async throws -> Void
  ) async {
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<callCount {
        group.addTask {
          var random = SplitMix64(seed: seed &* 1_000_003 &+ UInt64(index))
          let waits = Int.random(in: 0...3, using: &random)
          let ending = Ending.allCases.randomElement(using: &random) ?? .value
          let cancelsAfter = Int.random(in: 0..<12, using: &random)
          let task = Task {
            try await call(index) {
              for _ in 0..<waits { await Task.yield() }
              switch ending {
              case .value: return index
              case .transient: throw Flaky(number: index)
              case .throttled: throw Throttled()
              case .unknown: throw Unknown()
              case .permanent: throw Permanent()
              case .refused: throw ResilienceError(.bulkheadFull, "somebody else's")
              }
            }
          }
          if cancelsAfter < 4 {
            for _ in 0..<cancelsAfter { await Task.yield() }
            task.cancel()
          }
          _ = await task.result
        }
      }
    }
  }
}
