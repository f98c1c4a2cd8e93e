import Synchronization
import TomboloConformance
import TomboloPorts

/// What outlives a `FlawedStore`: what it wrote, and who has it open. It stands for a folder.
final class FlawedDisk: Sendable {
  struct State {
    var contents = FlawedContents()
    var isHeld = false
    var openCount = 0
  }

  let state = Mutex(State())

  init() {}

  /// The disk as a crash leaves it: nobody has it open.
  init(afterCrashOf disk: FlawedDisk) {
    let contents = disk.state.withLock { $0.contents }
    state.withLock { $0.contents = contents }
  }

  static func fixture(_ flaw: Flaw?) -> StoreFixture {
    let current = Mutex(FlawedDisk())
    return StoreFixture {
      try FlawedStore(current.withLock { $0 }, flaw)
    } openAfterCrash: {
      let disk = current.withLock { disk in
        disk = FlawedDisk(afterCrashOf: disk)
        return disk
      }
      return try FlawedStore(disk, flaw)
    }
  }
}
