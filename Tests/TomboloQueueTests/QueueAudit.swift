import TomboloPorts
import TomboloStorage

@testable import TomboloQueue

/// Reads everything a queue has stored and says where it breaks the rules of `QueueLayout`.
enum QueueAudit {
  static func problems(in store: any KeyValueStore) async throws -> [String] {
    var problems: [String] = []
    var operations: [OperationID: SyncOperation] = [:]
    var singles: Set<OperationID> = []
    var progress: [OperationID: ProgressRecord] = [:]
    var places: [OperationID: [HeadPlace]] = [:]
    var waits: [OperationID: WaitRecord] = [:]
    var lines: [String: OrderingKeyRecord] = [:]
    var members: [String: [OperationID]] = [:]
    var stored = QueueCounts()
    var dependents: [OperationID: DependentRecord] = [:]
    var leases: [OperationID: LeaseRecord] = [:]
    var edgeCounts: [OperationID: Int] = [:]
    var awaited: Set<OperationID> = []
    var inLine: [OperationID: OperationPriority] = [:]
    var histories: [OperationID: Timestamp] = [:]
    var prunings: [OperationID: Timestamp] = [:]

    for record in try await store.scan(.all, limit: .max) where record.key.bytes.first == QueueLayout.tag {
      let id = QueueLayout.trailingID(record.key)
      switch Character(UnicodeScalar(record.key.bytes[1])) {
      case "m":
        guard let id else { break }
        if operations[id] != nil { problems.append("\(id) is stored twice") }
        let operation = try OperationRecord.decode(record.value, id: id).operation
        operations[id] = operation
        places[id, default: []].append(.ready(.normal))
        if operation.priority != .normal || OrderingKey(of: operation) != nil || !operation.after.isEmpty
          || record.value.count > QueueLayout.singleByteCountMaximum
        {
          problems.append("\(id) is not to be its own entry in the ready index")
        }
        singles.insert(id)
      case "o":
        guard let id else { break }
        if operations[id] != nil { problems.append("\(id) is stored twice") }
        operations[id] = try OperationRecord.decode(record.value, id: id).operation
      case "s": if let id { progress[id] = try ProgressRecord(record.value) }
      case "r":
        guard let id, let priority = OperationPriority(rawValue: record.key.bytes[2]) else { break }
        places[id, default: []].append(.ready(priority))
      case "d":
        guard let id, let due = QueueLayout.leadingTime(record.key) else { break }
        places[id, default: []].append(.scheduled(due))
        waits[id] = try WaitRecord(record.value)
      case "w":
        guard let id, let due = QueueLayout.leadingTime(record.key) else { break }
        places[id, default: []].append(.retrying(due))
        waits[id] = try WaitRecord(record.value)
      case "x":
        guard let id, let held = HeldDisposition(rawValue: record.key.bytes[2]) else { break }
        places[id, default: []].append(.held(held))
      case "z":
        guard let id, let scope = QueueLayout.asideScope(record.key),
          let priority = OperationPriority(rawValue: record.key.bytes[record.key.bytes.count - 17])
        else { break }
        places[id, default: []].append(.aside(scope, priority))
        waits[id] = try WaitRecord(record.value)
      case "f":
        guard let id, let until = QueueLayout.leadingTime(record.key) else { break }
        places[id, default: []].append(.leased(until: until))
        waits[id] = try WaitRecord(record.value)
      case "l": if let id { leases[id] = try LeaseRecord(record.value) }
      case "b": if let id { dependents[id] = try DependentRecord(record.value) }
      case "a":
        var decoder = KeyDecoder(record.key, skipping: 2)
        if let other = decoder.operationID() { awaited.insert(other) }
        if let id { edgeCounts[id, default: 0] += 1 }
      case "y": if let id { histories[id] = try HistoryRecord(record.value).pruneAt }
      case "t": if let id { prunings[id] = QueueLayout.leadingTime(record.key) }
      case "h":
        var decoder = KeyDecoder(record.key, skipping: 2)
        lines[decoder.string() ?? "?"] = try OrderingKeyRecord(record.value)
      case "k":
        var decoder = KeyDecoder(record.key, skipping: 2)
        let name = decoder.string() ?? "?"
        if let id {
          members[name, default: []].append(id)
          inLine[id] = try LineRecord(record.value).priority
        }
      case "n": stored = try QueueCounts(record.value)
      case "c": if record.value != QueueCounts.formerMark { problems.append("the counts are where they were once") }
      default: break
      }
    }

    var counted = stored
    (counted.pending, counted.retrying, counted.blocked, counted.parked, counted.deadLettered) = (0, 0, 0, 0, 0)
    counted.byteCount = 0
    counted.dependencies = edgeCounts.values.reduce(0, +)
    for (id, operation) in operations {
      counted.byteCount += operation.keptByteCount + (progress[id]?.keptByteCount ?? 0)
      let own = places[id] ?? []
      let name = OrderingKey(of: operation)?.stored
      let isMember = name.map { members[$0]?.contains(id) ?? false } ?? false
      let isHead = name.map { lines[$0]?.head == id } ?? true
      let isDependent = dependents[id] != nil
      let isBlocked = isMember && !isHead || isDependent
      if own.count != (isBlocked ? 0 : 1) { problems.append("\(id) blocked: \(isBlocked), has places \(own)") }
      if isMember, isHead, let name, lines[name]?.place != (isDependent ? .dependent : own.first) {
        problems.append("\(id) is at \(own), its line says \(String(describing: lines[name]?.place))")
      }
      if let name, !isMember, progress[id]?.held == nil { problems.append("\(id) is not in line for \(name)") }
      if isBlocked {
        counted.blocked += 1
        continue
      }
      switch own.first {
      case .held(.parked): counted.parked += 1
      case .held(.deadLettered): counted.deadLettered += 1
      case .retrying where waits[id]?.isRetrying == true: counted.retrying += 1
      default: counted.pending += 1
      }
      if case .held = own.first, progress[id]?.held == nil { problems.append("\(id) is held without a record of it") }
    }
    for (id, lease) in leases where places[id]?.first != .leased(until: lease.until) {
      problems.append("\(id) is leased until \(lease.until), and is at \(places[id] ?? [])")
    }
    for (id, own) in places {
      if case .leased = own.first, leases[id] == nil { problems.append("\(id) is leased without a lease") }
    }
    for (id, record) in dependents where record.remainingCount != edgeCounts[id] {
      problems.append("\(id) waits for \(record.remainingCount) others, \(edgeCounts[id] ?? 0) are noted")
    }
    for id in Set(dependents.keys).union(edgeCounts.keys).union(awaited) where operations[id] == nil {
      problems.append("\(id) waits or is waited for, and is not there")
    }
    for id in edgeCounts.keys where dependents[id] == nil { problems.append("\(id) is waiting without a record") }
    for id in places.keys where operations[id] == nil { problems.append("\(id) has a place but no operation") }
    for id in progress.keys where singles.contains(id) { problems.append("\(id) has progress and is not parted") }
    for id in progress.keys where operations[id] == nil { problems.append("\(id) has progress but no operation") }
    for (name, line) in lines {
      let ids = members[name] ?? []
      if !ids.contains(line.head) { problems.append("the head of \(name) is not in its line") }
      var counts = [Int](repeating: 0, count: 5)
      for id in ids {
        guard let operation = operations[id], let priority = inLine[id] else { continue }
        counts[Int(priority.rawValue)] += 1
        if priority > operation.priority || priority < operation.priority && !line.hasLifted {
          problems.append("\(id) of priority \(operation.priority) counts as \(priority) in line for \(name)")
        }
      }
      if counts != line.countByPriority { problems.append("\(name) counts \(line.countByPriority), has \(counts)") }
      if case .ready(let priority) = line.place, priority > line.inheritedPriority {
        problems.append("the head of \(name) is ready at \(priority), with \(line.inheritedPriority) behind it")
      }
    }
    for name in members.keys where lines[name] == nil { problems.append("the line of \(name) has no record") }
    for id in histories.keys where operations[id] != nil { problems.append("\(id) has a history and is not gone") }
    if histories != prunings {
      problems.append("\(histories.count) are in the history, \(prunings.count) to be pruned")
    }
    if counted != stored { problems.append("counts say \(stored), there is \(counted)") }
    // What it goes through has no order of its own, and a seed has to show the same words again.
    return problems.sorted()
  }
}
