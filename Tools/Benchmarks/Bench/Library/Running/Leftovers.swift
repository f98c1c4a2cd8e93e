import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a run has to put away however it ends: its folders, and the processes it has started.
final class Leftovers: Sendable {
  enum Trace: Hashable, Sendable {
    case folder(String)
    case process(Int32)
  }

  static let shared = Leftovers()

  private let traces = Mutex<Set<Trace>>([])

  /// Makes a folder and notes it at once, so that no signal comes between the two.
  func make(folder: String) throws -> Trace {
    try traces.withLock { traces in
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      traces.insert(.folder(folder))
    }
    return .folder(folder)
  }

  /// Starts a process and notes it at once.
  func start(_ process: Process) throws -> Trace {
    try traces.withLock { traces in
      try process.run()
      let trace = Trace.process(process.processIdentifier)
      traces.insert(trace)
      return trace
    }
  }

  func forget(_ trace: Trace) { traces.withLock { _ = $0.remove(trace) } }

  /// Has the first SIGINT or SIGTERM end the program's processes, remove its folders, and end the program as that signal would; until the
  /// sources are let go.
  func putAwayOnSignals() -> [any DispatchSourceSignal] {
    [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [self] in
        putAway(andExit: 128 + number)
      }
      source.activate()
      return source
    }
  }

  /// Lets signals end the program as they do without a run.
  static func letGo(_ sources: [any DispatchSourceSignal]) {
    for source in sources {
      source.cancel()
      signal(Int32(source.handle), SIG_DFL)
    }
  }

  /// Says what could not be removed, and why, and ends the program.
  private func putAway(andExit status: Int32) {
    // Held until the program ends, so that nothing is added meanwhile.
    traces.withLock { traces in
      for case .process(let process) in traces { kill(process, SIGTERM) }
      var failures: [String] = []
      for case .folder(let folder) in traces {
        // Whoever still writes there may add a file while it is emptied.
        for attempt in 1... {
          guard FileManager.default.fileExists(atPath: folder) else { break }
          do {
            try FileManager.default.removeItem(atPath: folder)
          } catch {
            if attempt < 5 { continue }
            failures.append("\(folder) is left: \(error)")
            break
          }
        }
      }
      for failure in failures { FileHandle.standardError.write(Data("\(failure)\n".utf8)) }
      _exit(status)
    }
  }
}
