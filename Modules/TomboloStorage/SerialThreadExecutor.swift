#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import Synchronization

/// A serial executor with a thread of its own: where an embedded engine makes its blocking calls, so that they never hold
/// up a thread of Swift's cooperative pool.
///
/// An actor runs on it by naming it:
///
///     actor Connection {
///       private let executor: SerialThreadExecutor
///       nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
///     }
///
/// When jobs came in quick succession, the thread looks for the next one for a few dozen microseconds before it sleeps: to
/// wake a sleeping thread costs a single caller, who waits for each answer before the next call, a fifth of a flushed commit.
///
/// Jobs run one at a time, in the order they came. The thread lives as long as the executor: it ends once the last reference
/// to the executor is gone and the jobs it was given have run. So a call that comes late, after its store was closed, still
/// runs and can answer that the store is closed, instead of waiting for ever.
public final class SerialThreadExecutor: SerialExecutor {
  private let queue: JobQueue

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - name: What debuggers and `top` show; Linux cuts it off after 15 bytes.
  ///   - stackByteCount: The bound of the thread's stack. SQLite and LMDB need far less than the default of 512 KiB.
  /// - Throws: `SerialThreadError` when the system gives no further thread.
  public init(name: String, stackByteCount: Int = 512 * 1_024) throws {
    queue = JobQueue(name: name)
    try queue.startThread(stackByteCount: stackByteCount)
  }

  deinit {
    queue.finish()
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    queue.append(UnownedJob(job), for: asUnownedSerialExecutor())
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }

  public func checkIsolated() {
    precondition(queue.isOnItsThread, "not on the thread of this SerialThreadExecutor")
  }
}

/// The system gave no thread.
public struct SerialThreadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The error number of `pthread_create`.
  public var errorNumber: Int32

  public var description: String {
    "no thread could be started (error \(errorNumber)); the process may have reached its limit of threads or memory"
  }
}

/// The jobs that wait, and the thread that takes them. The thread holds the queue, not the executor, so that the executor
/// can go away and tell the thread to end.
///
/// Safety: `@unchecked Sendable` because `waiting`, `isIdle` and `isFinished` are touched only with `mutex` held, `thread`
/// only by the thread itself and with `mutex` held, and the rest never changes after `init`.
private final class JobQueue: @unchecked Sendable {
  private struct Job {
    var job: UnownedJob
    var executor: UnownedSerialExecutor
  }

  private let name: String
  // At an address of their own, because they must not move while another thread uses them.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var waiting: [Job] = []
  private var isIdle = false
  private var isFinished = false
  private var thread: pthread_t?
  /// Whether something waits: a hint that the thread may look at without the mutex.
  private let hasWaiting = Atomic(false)
  private let clock = ContinuousClock()
  /// How long the thread looks for another job before it sleeps.
  private static let lookout = Duration.microseconds(50)

  init(name: String) {
    self.name = name
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  var isOnItsThread: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard let thread else { return false }
    return pthread_equal(thread, pthread_self()) != 0
  }

  func append(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
    pthread_mutex_lock(mutex)
    waiting.append(Job(job: job, executor: executor))
    hasWaiting.store(true, ordering: .relaxed)
    let mustWake = isIdle
    isIdle = false
    pthread_mutex_unlock(mutex)
    if mustWake { pthread_cond_signal(condition) }
  }

  func finish() {
    pthread_mutex_lock(mutex)
    isFinished = true
    pthread_mutex_unlock(mutex)
    pthread_cond_signal(condition)
  }

  func startThread(stackByteCount: Int) throws {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackByteCount)
    // Nobody joins it: the last reference may go on the thread itself.
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    let argument = Unmanaged.passRetained(self)
    #if canImport(Darwin)
      var started: pthread_t?
      let result = pthread_create(&started, &attributes, threadMain, argument.toOpaque())
    #else
      var started = pthread_t()
      let result = pthread_create(&started, &attributes, { threadMain($0) }, argument.toOpaque())
    #endif
    guard result == 0 else {
      argument.release()
      throw SerialThreadError(errorNumber: result)
    }
  }

  /// A thread without its name does its work all the same, so a system that refuses the name is not told.
  private func nameThread() {
    #if canImport(Darwin)
      pthread_setname_np(name)
    #else
      // The call for it is a GNU extension, which Swift does not import.
      let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
      guard file >= 0 else { return }
      defer { close(file) }
      let bytes = Array(name.utf8.prefix(15))
      _ = write(file, bytes, bytes.count)
    #endif
  }

  /// Runs jobs until the executor is gone and nothing waits.
  func run() {
    nameThread()
    pthread_mutex_lock(mutex)
    thread = pthread_self()
    var batch: [Job] = []
    var isBrisk = false
    while true {
      if waiting.isEmpty, !isFinished {
        pthread_mutex_unlock(mutex)
        let start = clock.now
        if isBrisk { lookOut(until: start.advanced(by: Self.lookout)) }
        pthread_mutex_lock(mutex)
        while waiting.isEmpty, !isFinished {
          isIdle = true
          pthread_cond_wait(condition, mutex)
          isIdle = false
        }
        // Twice the lookout: the wake-up that it saves is part of what was measured when there was none.
        isBrisk = start.duration(to: clock.now) < Self.lookout * 2
      }
      if waiting.isEmpty {
        thread = nil
        pthread_mutex_unlock(mutex)
        return
      }
      swap(&batch, &waiting)
      hasWaiting.store(false, ordering: .relaxed)
      pthread_mutex_unlock(mutex)
      for next in batch { next.job.runSynchronously(on: next.executor) }
      batch.removeAll(keepingCapacity: true)
      pthread_mutex_lock(mutex)
    }
  }

  /// Leaves the core to whoever else wants it, and looks in between.
  private func lookOut(until end: ContinuousClock.Instant) {
    while !hasWaiting.load(ordering: .relaxed), clock.now < end { sched_yield() }
  }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  Unmanaged<JobQueue>.fromOpaque(argument).takeRetainedValue().run()
  return nil
}
