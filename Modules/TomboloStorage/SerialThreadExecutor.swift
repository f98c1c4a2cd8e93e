#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

import Synchronization

/// A serial executor with a thread of its own: where an embedded engine makes its blocking calls, so that they do not hold
/// up the threads of Swift's cooperative pool.
///
/// An actor runs on it by naming it:
///
///     actor Connection {
///       nonisolated let executor: SerialThreadExecutor
///       nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
///     }
///
/// Calls that are mostly quick, such as a commit to a fast disk, are shorter by `run(on:_:)`, which makes them in place where it may.
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
  ///   - mayRunInPlace: Whether `run(on:_:)` may make calls in place: not where they can wait for another process.
  /// - Throws: `SerialThreadError` when the system gives no further thread.
  public convenience init(name: String, stackByteCount: Int = 512 * 1_024, mayRunInPlace: Bool = true) throws {
    let clock = ContinuousClock()
    let start = clock.now
    self.init(name: name, pool: mayRunInPlace ? .shared : .none) { start.duration(to: clock.now) }
    try startThread(stackByteCount: stackByteCount)
  }

  /// One whose thread is yet to be started.
  ///
  /// - Parameter uptime: By which calls are told to be quick.
  init(name: String, pool: CooperativePool, uptime: @escaping @Sendable () -> Duration) {
    queue = JobQueue(name: name, pool: pool, uptime: uptime)
  }

  func startThread(stackByteCount: Int = 512 * 1_024) throws {
    try queue.startThread(stackByteCount: stackByteCount)
  }

  /// Whether a job waits.
  var hasWaiting: Bool { queue.hasWaitingJob }

  /// Whether a call is being made in place.
  var hasGuest: Bool { queue.hasGuest }

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
    precondition(queue.isHere, "not on the thread of this SerialThreadExecutor")
  }

  /// Runs `body` isolated to `actor`, whose executor this is: where the call is made if that is the shorter way, and on this
  /// executor's thread otherwise.
  ///
  /// To hand a call over and to wake the caller again takes two switches of threads, some dozen microseconds: as much as a quarter of a
  /// flushed commit. So a call runs in place when nothing else runs or waits here and the last one took no longer than a millisecond;
  /// a slow disk keeps to the thread, where a switch does not matter. How long a call takes is known only afterwards, and until then one
  /// thread of Swift's cooperative pool is held up. So only one call of the whole process runs in place at a time, none where the pool has
  /// a single thread, none whose task has an executor of its own, whose threads may not be held up at all, and none with
  /// `mayRunInPlace` off.
  public func run<Isolated: Actor, Value: Sendable>(
    on actor: Isolated, _ body: @Sendable (isolated Isolated) throws -> Value
  ) async throws -> Value {
    if let value = try runInPlace(actor, body) { return value }
    return try await body(actor)
  }

  /// `nil` when it is for the thread to do.
  private func runInPlace<Isolated: Actor, Value: Sendable>(
    _ actor: Isolated, _ body: (isolated Isolated) throws -> Value
  ) throws -> Value? {
    guard queue.takeOver() else { return nil }
    defer { queue.giveBack() }
    return try actor.assumeIsolated(body)
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

/// The threads of Swift's cooperative pool, of which at most one is held up by calls that run in place.
final class CooperativePool: Sendable {
  /// The one of this process: it has a thread for each processor that the process may use.
  static let shared = CooperativePool(threadCount: processorCount)
  /// None of whose threads may be held up.
  static let none = CooperativePool(threadCount: 1)

  private let threadCount: Int
  private let isHeldUp = Atomic(false)

  init(threadCount: Int) { self.threadCount = threadCount }

  /// Whether one may be held up, until `giveBack`.
  func take() -> Bool { threadCount > 1 && !isHeldUp.exchange(true, ordering: .relaxed) }

  func giveBack() { isHeldUp.store(false, ordering: .relaxed) }

  /// One, where it cannot be told.
  private static var processorCount: Int {
    #if canImport(Darwin)
      return sysconf(CInt(_SC_NPROCESSORS_ONLN))
    #else
      // The call for it is a GNU extension, which Swift does not import. A line of this file is the mask, in hexadecimal digits.
      guard let file = fopen("/proc/self/status", "re") else { return 1 }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 4_096)
      while fgets(&line, CInt(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Those that are allowed need not be there.
        if let count = processorCount(inStatusLine: text) { return min(count, sysconf(CInt(_SC_NPROCESSORS_ONLN))) }
      }
      return 1
    #endif
  }

  /// How many processors a line of `/proc/self/status` allows; `nil` when it is about something else.
  static func processorCount(inStatusLine line: String) -> Int? {
    let mark = "Cpus_allowed:"
    guard line.hasPrefix(mark) else { return nil }
    return line.dropFirst(mark.count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
  }
}

/// The jobs that wait, and the thread that takes them. The thread holds the queue, not the executor, so that the executor
/// can go away and tell the thread to end.
///
/// A caller may take over: then its thread counts as this one's, which runs nothing until it is given back.
///
/// Safety: `@unchecked Sendable` because all that changes is touched only with `mutex` held, and the rest never changes after `init`.
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
  /// Whether the thread runs jobs.
  private var isRunning = false
  /// The thread of the caller that took over.
  private var guest: pthread_t?
  /// When the guest took over.
  private var takenOver = Duration.zero
  /// Whether what ran last was quick; of several jobs that the thread took together, on average.
  private var isQuick = true
  /// Whether something waits: a hint that the thread may look at without the mutex.
  private let hasWaiting = Atomic(false)
  private let clock = ContinuousClock()
  private let pool: CooperativePool
  private let uptime: @Sendable () -> Duration
  /// How long a call may have taken for the next one to run in place.
  private static let quickMaximum = Duration.milliseconds(1)
  /// How long the thread looks for another job before it sleeps.
  private static let lookout = Duration.microseconds(50)

  init(name: String, pool: CooperativePool, uptime: @escaping @Sendable () -> Duration) {
    self.name = name
    self.pool = pool
    self.uptime = uptime
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

  /// Whether it is this thread that jobs run on now.
  var isHere: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard let current = guest ?? thread else { return false }
    return pthread_equal(current, pthread_self()) != 0
  }

  var hasWaitingJob: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return !waiting.isEmpty
  }

  var hasGuest: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return guest != nil
  }

  /// Has the calling thread count as this one's until `giveBack`; `false` when it must not.
  func takeOver() -> Bool {
    guard withUnsafeCurrentTask(body: { $0?.unownedTaskExecutor == nil }) else { return false }
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard isQuick, !isRunning, guest == nil, waiting.isEmpty, pool.take() else { return false }
    guest = pthread_self()
    takenOver = uptime()
    return true
  }

  func giveBack() {
    pthread_mutex_lock(mutex)
    guest = nil
    isQuick = uptime() - takenOver <= Self.quickMaximum
    let mustWake = isIdle && (isFinished || !waiting.isEmpty)
    if mustWake { isIdle = false }
    pthread_mutex_unlock(mutex)
    pool.giveBack()
    if mustWake { pthread_cond_signal(condition) }
  }

  func append(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
    pthread_mutex_lock(mutex)
    waiting.append(Job(job: job, executor: executor))
    hasWaiting.store(true, ordering: .relaxed)
    // A guest wakes it when it leaves.
    let mustWake = isIdle && guest == nil
    if mustWake { isIdle = false }
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
      if mustWait {
        pthread_mutex_unlock(mutex)
        let start = clock.now
        if isBrisk { lookOut(until: start.advanced(by: Self.lookout)) }
        pthread_mutex_lock(mutex)
        while mustWait {
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
      isRunning = true
      pthread_mutex_unlock(mutex)
      let begun = uptime()
      for next in batch { next.job.runSynchronously(on: next.executor) }
      let wasQuick = uptime() - begun <= Self.quickMaximum * batch.count
      batch.removeAll(keepingCapacity: true)
      pthread_mutex_lock(mutex)
      isRunning = false
      isQuick = wasQuick
    }
  }

  /// For the thread, with `mutex` held: a guest may be inside already when it begins, with a job that waits behind.
  private var mustWait: Bool { guest != nil || waiting.isEmpty && !isFinished }

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
