import Foundation
import Synchronization

/// Runs the tasks that prefer it, and their children, one job after another in the order in which they became ready, and only when it
/// is told to. So a test can say what comes before what where two tasks know nothing of each other.
final class StepExecutor: TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
  }

  func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

  /// Returns when every task has ended or waits for something outside: a clock that has to be moved, for example.
  func settle() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      // On a thread of its own: within one task another is not run.
      Thread.detachNewThread {
        while let job = self.next() { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        continuation.resume()
      }
    }
  }

  private func next() -> UnownedJob? {
    jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
  }
}
