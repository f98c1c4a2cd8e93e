import Synchronization
import TomboloStorage
import TomboloTesting

@testable import FileStorage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files in memory that know what a disk would have kept, and that fail when told to.
final class SimulatedFiles: FileSystem {
  /// What happens instead of a call.
  enum Fault: Hashable, Sendable {
    case error(Int32)
    /// A write stops half way and then fails; other calls just fail.
    case half(Int32)
    /// A write or read does a part and says so; other calls succeed.
    case short
  }

  struct Node: Sendable {
    var bytes: [UInt8] = []
    /// What the disk has.
    var disk: [UInt8] = []
    /// Changes since the last flush, in their order.
    var unflushed: [(offset: Int, bytes: [UInt8])] = []

    mutating func write(_ part: [UInt8], at offset: Int) {
      SimulatedFiles.put(part, at: offset, into: &bytes)
      unflushed.append((offset, part))
    }
  }

  struct State: Sendable {
    var nodes: [Int: Node] = [:]
    var names: [String: Int] = [:]
    var diskNames: [String: Int] = [:]
    var open: [Int32: Int] = [:]
    var nextNode = 1
    var nextFile: Int32 = 1
    var callCount = 0
    var faults: [Int: Fault] = [:]
    var calls: [String] = []
    var callCounts: [String: Int] = [:]
    var faultyCall = "none"
    var diskByteCount = 1 << 40
    var unreadable: [Int: Range<Int>] = [:]
    var unopenable: Set<String> = []
    var boot: UInt8 = 1

    /// What files with a name, and those that are still open, take.
    var usedByteCount: Int {
      Set(names.values).union(open.values).reduce(0) { $0 + (nodes[$1]?.bytes.count ?? 0) }
    }
  }

  let state: Mutex<State>
  private let flushWatcher = Mutex<(@Sendable () -> Void)?>(nil)

  init(_ state: State = State()) { self.state = Mutex(state) }

  var bootIdentifier: [UInt8]? { [UInt8](repeating: state.withLock { $0.boot }, count: 36) }

  /// The `number`-th call from now (the first is 1) meets `fault`.
  func fail(_ number: Int, with fault: Fault) {
    state.withLock { $0.faults = [$0.callCount + number: fault] }
  }

  /// Has `body` called at the beginning of each flush of a file.
  func watchFlushes(_ body: (@Sendable () -> Void)?) { flushWatcher.withLock { $0 = body } }

  var isFaultMet: Bool { state.withLock { $0.callCount >= ($0.faults.keys.min() ?? .max) } }
  /// The call that met its fault, and the last ones made.
  var lastCalls: [String] { state.withLock { [$0.faultyCall] + $0.calls.suffix(4) } }
  /// How often a kind of call was made.
  func count(of name: String) -> Int { state.withLock { $0.callCounts[name] ?? 0 } }
  var callCount: Int { state.withLock { $0.callCount } }

  /// The same files after the process was killed.
  func afterKill() -> SimulatedFiles {
    var copy = state.withLock { $0 }
    copy.faults = [:]
    copy.open = [:]
    return SimulatedFiles(copy)
  }

  /// The files after a power cut: any part of what was not flushed, in sectors, is there.
  func afterPowerCut(_ generator: inout SeededGenerator) -> SimulatedFiles {
    var copy = afterKill().state.withLock { $0 }
    copy.boot &+= 1
    if Bool.random(using: &generator) { copy.names = copy.diskNames }
    let chance = Int.random(in: 0...4, using: &generator)
    for number in copy.nodes.keys.sorted() {
      guard var node = copy.nodes[number] else { continue }
      for change in node.unflushed {
        var start = 0
        while start < change.bytes.count {
          let place = change.offset + start
          let end = min(change.bytes.count, start + 512 - place % 512)
          if Int.random(in: 0..<4, using: &generator) < chance {
            Self.put(Array(change.bytes[start..<end]), at: place, into: &node.disk)
          }
          start = end
        }
      }
      node.unflushed = []
      node.bytes = node.disk
      copy.nodes[number] = node
    }
    copy.diskNames = copy.names
    return SimulatedFiles(copy)
  }

  func bytes(_ path: String) -> [UInt8]? {
    state.withLock { state in state.names[path].flatMap { state.nodes[$0]?.bytes } }
  }

  func replace(_ path: String, with bytes: [UInt8]) {
    state.withLock { state in
      guard let node = state.names[path] else { return }
      state.nodes[node] = Node(bytes: bytes, disk: bytes)
    }
  }

  func add(_ path: String, _ bytes: [UInt8]) {
    state.withLock { state in
      state.names[path] = state.nextNode
      state.diskNames[path] = state.nextNode
      state.nodes[state.nextNode] = Node(bytes: bytes, disk: bytes)
      state.nextNode += 1
    }
  }

  /// From now on every read that touches this range fails.
  func makeUnreadable(_ path: String, _ range: Range<Int>) {
    state.withLock { state in
      if let node = state.names[path] { state.unreadable[node] = range }
    }
  }

  /// From now on opening this file fails.
  func makeUnopenable(_ path: String) {
    state.withLock { _ = $0.unopenable.insert(path) }
  }

  func limitDisk(to byteCount: Int) {
    state.withLock { $0.diskByteCount = byteCount }
  }

  var usedByteCount: Int { state.withLock { $0.usedByteCount } }

  var paths: [String] { state.withLock { $0.names.keys.sorted() } }

  // MARK: FileSystem

  fileprivate static func put(_ bytes: [UInt8], at offset: Int, into target: inout [UInt8]) {
    if target.count < offset + bytes.count {
      target.append(contentsOf: repeatElement(0, count: offset + bytes.count - target.count))
    }
    target.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }

  /// Counts a call and answers with its fault.
  private static func count(_ name: String, _ state: inout State) -> Fault? {
    state.callCount += 1
    state.calls.append(name)
    state.callCounts[String(name.prefix { $0 != " " }), default: 0] += 1
    if state.calls.count > 64 { state.calls.removeFirst(32) }
    if state.faults[state.callCount] != nil { state.faultyCall = name }
    return state.faults[state.callCount]
  }

  private func call<Value>(
    _ name: String, _ body: (inout State, Fault?) -> Result<Value, SystemFailure>
  ) throws(SystemFailure) -> Value {
    let result = state.withLock { state -> Result<Value, SystemFailure> in
      let fault = Self.count(name, &state)
      switch fault {
      case .error(let number): return .failure(SystemFailure(errorNumber: number))
      case .half(let number) where !name.hasPrefix("write") && !name.hasPrefix("sync"):
        return .failure(SystemFailure(errorNumber: number))
      default: return body(&state, fault)
      }
    }
    return try result.get()
  }

  func names(in folder: String) throws(SystemFailure) -> [String] {
    try call("names") { state, _ in
      .success(state.names.keys.filter { $0.hasPrefix(folder + "/") }.map { String($0.dropFirst(folder.count + 1)) })
    }
  }

  func open(_ path: String, _ purpose: FilePurpose) throws(SystemFailure) -> Int32 {
    try call("open \(path)") { state, _ in
      if state.unopenable.contains(path) { return .failure(SystemFailure(errorNumber: EACCES)) }
      if state.names[path] == nil {
        guard purpose == .creating else { return .failure(SystemFailure(errorNumber: ENOENT)) }
        state.names[path] = state.nextNode
        state.nodes[state.nextNode] = Node()
        state.nextNode += 1
      }
      guard let node = state.names[path] else { return .failure(SystemFailure(errorNumber: ENOENT)) }
      if purpose == .creating { state.nodes[node] = Node() }
      state.nextFile += 1
      state.open[state.nextFile] = node
      return .success(state.nextFile)
    }
  }

  func close(_ file: Int32) {
    state.withLock { $0.open[file] = nil }
  }

  func byteCount(of file: Int32) throws(SystemFailure) -> Int {
    try call("byteCount") { state, _ in .success(state.open[file].flatMap { state.nodes[$0]?.bytes.count } ?? 0) }
  }

  func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int {
    let bytes: [UInt8] = try call("read") { state, fault in
      guard let node = state.open[file], let bytes = state.nodes[node]?.bytes else {
        return .failure(SystemFailure(errorNumber: EBADF))
      }
      if state.unreadable[node]?.overlaps(offset..<offset + buffer.count) == true {
        return .failure(SystemFailure(errorNumber: EIO))
      }
      var count = max(0, min(buffer.count, bytes.count - offset))
      if case .short = fault { count = min(count, max(1, count / 2)) }
      return .success(count == 0 ? [] : Array(bytes[offset..<offset + count]))
    }
    buffer.copyBytes(from: bytes)
    return bytes.count
  }

  func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemFailure) -> Int {
    let all = Array(bytes)
    return try call("write \(offset) + \(all.count)") { state, fault in
      guard let node = state.open[file], let byteCount = state.nodes[node]?.bytes.count else {
        return .failure(SystemFailure(errorNumber: EBADF))
      }
      var count = all.count
      if fault != nil { count = max(1, count / 2) }
      let growth = max(0, offset + count - byteCount)
      if growth > 0, growth > state.diskByteCount - state.usedByteCount {
        return .failure(SystemFailure(errorNumber: ENOSPC))
      }
      let part = Array(all[..<count])
      // In place: a copy of the file for every write would cost more than all else.
      state.nodes[node]?.write(part, at: offset)
      if case .half(let number) = fault { return .failure(SystemFailure(errorNumber: number)) }
      return .success(count)
    }
  }

  func beginWriting(_ file: Int32, byteCount: Int, at offset: Int) throws(SystemFailure) {
    try call("beginWriting") { state, _ in
      state.open[file] == nil ? .failure(SystemFailure(errorNumber: EBADF)) : .success(())
    }
  }

  func synchronize(_ file: Int32) throws(SystemFailure) {
    flushWatcher.withLock { $0 }?()
    try call("sync") { (state, fault) -> Result<Void, SystemFailure> in
      guard let node = state.open[file] else { return .failure(SystemFailure(errorNumber: EBADF)) }
      // A flush that fails may have lost what it was to write, and the next one does not try again.
      if case .half(let number) = fault {
        state.nodes[node]?.unflushed = []
        return .failure(SystemFailure(errorNumber: number))
      }
      if let bytes = state.nodes[node]?.bytes { state.nodes[node] = Node(bytes: bytes, disk: bytes) }
      return .success(())
    }
  }

  func allocate(_ file: Int32, byteCount: Int) throws(SystemFailure) {
    try call("allocate") { (state, _) -> Result<Void, SystemFailure> in
      guard let node = state.open[file], var content = state.nodes[node] else {
        return .failure(SystemFailure(errorNumber: EBADF))
      }
      let growth = max(0, byteCount - content.bytes.count)
      if growth > state.diskByteCount - state.usedByteCount { return .failure(SystemFailure(errorNumber: ENOSPC)) }
      content.bytes.append(contentsOf: repeatElement(0, count: growth))
      state.nodes[node] = content
      return .success(())
    }
  }

  func room(in folder: String) throws(SystemFailure) -> DiskRoom {
    try call("room") { state, _ in
      .success(
        DiskRoom(byteCount: state.diskByteCount, freeByteCount: max(0, state.diskByteCount - state.usedByteCount)))
    }
  }

  func truncate(_ file: Int32, to byteCount: Int) throws(SystemFailure) {
    try call("truncate") { (state, _) -> Result<Void, SystemFailure> in
      guard let node = state.open[file], var content = state.nodes[node] else {
        return .failure(SystemFailure(errorNumber: EBADF))
      }
      content.bytes.removeLast(max(0, content.bytes.count - byteCount))
      content.disk.removeLast(max(0, content.disk.count - byteCount))
      state.nodes[node] = content
      return .success(())
    }
  }

  func rename(_ path: String, to newPath: String) throws(SystemFailure) {
    try call("rename") { (state, _) -> Result<Void, SystemFailure> in
      guard let node = state.names.removeValue(forKey: path) else {
        return .failure(SystemFailure(errorNumber: ENOENT))
      }
      state.names[newPath] = node
      return .success(())
    }
  }

  func remove(_ path: String) throws(SystemFailure) {
    try call("remove") { (state, _) -> Result<Void, SystemFailure> in
      guard state.names.removeValue(forKey: path) != nil else { return .failure(SystemFailure(errorNumber: ENOENT)) }
      return .success(())
    }
  }

  func synchronizeFolder(_ path: String) throws(SystemFailure) {
    try call("syncFolder") { (state, _) -> Result<Void, SystemFailure> in
      state.diskNames = state.names
      return .success(())
    }
  }
}
