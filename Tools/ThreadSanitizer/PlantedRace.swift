import Synchronization

/// A program with a contended lock, and with a race when it is asked for one: what a sanitizer must stay silent about, and what it
/// must find. Built and run by `Tools/tsan`.
@main
struct PlantedRace {
  final class Guarded: Sendable { let values = Mutex([Int]()) }
  // Safety: there is none. This is the race.
  final class Unguarded: @unchecked Sendable { var count = 0 }

  static func main() async {
    let isPlanted = CommandLine.arguments.contains("race")
    let guarded = Guarded()
    let unguarded = Unguarded()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for index in 0..<200_000 {
            guarded.values.withLock { values in
              values.append(index)
              if values.count > 64 { values.removeAll() }
            }
            if isPlanted, index % 16 == 0 { unguarded.count += 1 }
          }
        }
      }
    }
    print(unguarded.count)
  }
}
