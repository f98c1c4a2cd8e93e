private import Synchronization

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Musl)
  private import Musl
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Runs tasks one job at a time, on one thread, and picks the next job from a seeded generator: the same seed gives the
/// same order, another seed another one.
///
///     let executor = DeterministicExecutor(seed: 42)
///     try await executor.run {
///       async let left: Void = produce()
///       async let right: Void = consume()
///       _ = try await (left, right)
///     }
///
/// Child tasks and default actors follow it. An unstructured task (`Task { … }`) does not, and neither does an actor with
/// an executor of its own: what they resume comes back at a moment the seed does not decide. Each such job is counted in
/// `strayJobCount`; a run that replays exactly has none.
public final class DeterministicExecutor: TaskExecutor {
  /// What may be done when no job is ready.
  public enum IdleAction: Sendable {
    /// Something was woken: go on.
    case woke
    /// Nothing is left that could be woken.
    case nothing
    /// The run is to be given up, for this reason.
    case giveUp(String)
  }

  private struct State {
    var jobs: [UnownedJob] = []
    var random: SeededGenerator
    var isRunning = false
    var isDone = false
    var thread: ThreadIdentity?
    var jobCount = 0
    var strayJobCount = 0
  }

  private let state: Mutex<State>
  /// The most jobs of one run: beyond it the run counts as one that never ends.
  public let jobCountMaximum: Int

  /// How often a run looks, a millisecond of real time apart, for what work outside this executor may still bring.
  private let outsideLookCountMaximum: Int

  public convenience init(seed: UInt64, jobCountMaximum: Int = 10_000_000) {
    // A minute: a busy machine may give such work no thread for long.
    self.init(seed: seed, jobCountMaximum: jobCountMaximum, outsideLookCountMaximum: 60_000)
  }

  package init(seed: UInt64, jobCountMaximum: Int, outsideLookCountMaximum: Int) {
    state = Mutex(State(random: SeededGenerator(seed: seed)))
    self.jobCountMaximum = jobCountMaximum
    self.outsideLookCountMaximum = outsideLookCountMaximum
  }

  /// How many jobs were run.
  public var jobCount: Int { state.withLock { $0.jobCount } }

  /// How many jobs came from another thread while a run was under way: each is a moment the seed did not decide.
  public var strayJobCount: Int { state.withLock { $0.strayJobCount } }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { state in
      if let thread = state.thread, thread != .current { state.strayJobCount += 1 }
      state.jobs.append(job)
    }
  }

  public func asUnownedTaskExecutor() -> UnownedTaskExecutor {
    UnownedTaskExecutor(ordinary: self)
  }

  /// Runs `body` to its end. One run at a time.
  ///
  /// - Parameter whenIdle: asked each time when no job is ready; it may wake something, by moving a clock for example.
  /// - Throws: what `body` throws, or `SimulationFailure` when it cannot go on: nothing is ready and nothing can be woken for
  ///   a minute, or the limit of jobs was reached. Tasks that are stuck then stay where they are.
  public func run<Value: Sendable>(
    whenIdle: @escaping @Sendable () -> IdleAction = { .nothing }, _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let isFree = state.withLock { state in
      if state.isRunning { return false }
      state.isRunning = true
      state.isDone = false
      return true
    }
    guard isFree else { throw SimulationFailure("a run of this executor is under way: await it first") }
    // An unstructured task is the only one that can be given an executor from outside it; it is awaited below, and
    // cancelled with this one.
    let task = Task(executorPreference: self) {
      defer { self.state.withLock { $0.isDone = true } }
      return try await body()
    }
    let obstacle = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let started = startThread { continuation.resume(returning: self.drive(whenIdle)) }
        if !started { continuation.resume(returning: "the system gave no further thread") }
      }
    } onCancel: {
      task.cancel()
    }
    state.withLock { state in
      state.isRunning = false
      state.thread = nil
    }
    if let obstacle {
      task.cancel()
      throw SimulationFailure(obstacle)
    }
    return try await task.value
  }

  /// Runs jobs until the body has ended and nothing is ready; answers why it could not be brought to its end.
  private func drive(_ whenIdle: () -> IdleAction) -> String? {
    state.withLock { $0.thread = .current }
    var looksLeft = outsideLookCountMaximum
    while true {
      let (job, isDone, jobCount) = state.withLock { state -> (UnownedJob?, Bool, Int) in
        guard !state.jobs.isEmpty else { return (nil, state.isDone, state.jobCount) }
        let index = Int.random(in: 0..<state.jobs.count, using: &state.random)
        state.jobs.swapAt(index, state.jobs.count - 1)
        state.jobCount += 1
        return (state.jobs.removeLast(), false, state.jobCount)
      }
      if let job {
        if jobCount > jobCountMaximum { return "\(jobCountMaximum) jobs have run and there is no end" }
        job.runSynchronously(on: asUnownedTaskExecutor())
        continue
      }
      if isDone { return nil }
      switch whenIdle() {
      case .woke: looksLeft = outsideLookCountMaximum
      case .giveUp(let reason): return reason
      case .nothing:
        // Only work outside this executor can still bring something.
        looksLeft -= 1
        if looksLeft <= 0 {
          return "nothing can run and nobody sleeps: every task waits for another, for an unstructured task, or for "
            + "something else outside the simulated order"
        }
        usleep(1_000)
      }
    }
  }
}

/// Which thread it is.
private struct ThreadIdentity: Equatable, Sendable {
  private let number: UInt

  static var current: ThreadIdentity {
    #if canImport(Darwin)
      ThreadIdentity(number: UInt(bitPattern: pthread_self()))
    #else
      ThreadIdentity(number: UInt(pthread_self()))
    #endif
  }
}

/// Calls `body` on a thread of its own, because a run takes as long as it takes and must not hold up a thread of Swift's
/// cooperative pool. Answers whether there was a thread.
private func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setstacksize(&attributes, 8 * 1_024 * 1_024)
  pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
  // Safety: retained here, taken once by the thread, or released below when there is none.
  let argument = Unmanaged.passRetained(Box(body))
  #if canImport(Darwin)
    var thread: pthread_t?
    let result = pthread_create(
      &thread, &attributes,
      {
        Unmanaged<Box>.fromOpaque($0).takeRetainedValue().body()
        return nil
      }, argument.toOpaque())
  #else
    var thread = pthread_t()
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, argument.toOpaque())
  #endif
  if result != 0 { argument.release() }
  return result == 0
}
