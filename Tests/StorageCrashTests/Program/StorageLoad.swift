import TomboloPorts
import TomboloStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes into a store until it is killed or done, and prints every commit that was acknowledged.
///
///     storage-load --engine lmdb --path ./data --durability full --producers 4 --round 0 --grouped true --commits 1000
///
/// `--commits` is how many steps each producer takes; `--grouped` sends them through a `GroupCommit`; `--stubborn` goes on
/// when a step fails; `--shared` lets others have the store open, too.
@main
struct StorageLoad {
  static func main() async throws {
    let options = try Options(Array(CommandLine.arguments.dropFirst()))
    if options.isStubborn { return try await StubbornLoad(options: options, print: print).run() }
    _ = alarm(UInt32(clamping: options.secondsMaximum))
    let store = try await options.engine.open(
      path: options.path, durability: options.durability, isShared: options.isShared)
    // Told apart from what opening costs, in a trace of system calls.
    try print("ready\n")
    let door = GroupCommit(store)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for producer in 0..<options.producerCount {
        group.addTask {
          for index in 0..<options.commitCount {
            let step = LoadStep(round: options.round, producer: producer, index: index)
            let revision: Revision
            if options.isGrouped {
              revision = try await door.commit(step.batch)
            } else {
              guard let result = try await store.commit([step.batch]).first else { return }
              revision = try result.get()
            }
            try print(Acknowledgement(step: step, revision: revision).line)
          }
        }
      }
      try await group.waitForAll()
    }
    try print("done\n")
    try await store.close()
  }

  /// One write, so that a line is never cut off, and no buffer in between: what was printed outlives the process. A write that
  /// is made to fail is tried again.
  private static func print(_ line: String) throws {
    let bytes = Array(line.utf8)
    for _ in 0..<3 where write(STDOUT_FILENO, bytes, bytes.count) == bytes.count { return }
    throw LoadError(message: "standard output is gone (error \(errno))")
  }
}

/// The program was started wrongly, or lost its output.
struct LoadError: Error, CustomStringConvertible {
  var message: String
  var description: String { message }
}
