import TomboloPorts
import TomboloStorage

/// The order within an ordering key. The head of a line has the line's only index entry; the others are blocked.
extension QueuePlanner {
  /// Puts an operation in the line of its ordering key, or on its own when it has none, and answers with its state.
  ///
  /// An operation that comes back by hand is older than others in its line and goes before them, but never before one
  /// that is being delivered.
  mutating func standInLine(
    _ id: OperationID, _ orderingKey: OrderingKey?, _ record: LineRecord
  ) throws -> OperationState {
    let priority = record.priority
    let wait = WaitRecord(priority: priority, orderingKey: orderingKey, isRetrying: false)
    guard let orderingKey else {
      let start = try startingPlace(id, record, priority: priority)
      place(id, at: start, wait)
      return start == .dependent ? .blocked : .pending
    }
    let before = try line(orderingKey)
    view.put(QueueLayout.inLine(orderingKey, id), record.encoded())
    guard var line = before else {
      var line = OrderingKeyRecord(head: id, place: try startingPlace(id, record, priority: priority))
      line.countByPriority[Int(priority.rawValue)] = 1
      place(id, at: line.place, wait)
      view.put(QueueLayout.orderingKey(orderingKey), line.encoded())
      return line.place == .dependent ? .blocked : .pending
    }
    line.countByPriority[Int(priority.rawValue)] += 1
    var state = OperationState.blocked
    if id < line.head, try !isUnderWay(line.head), !isHeld(line) {
      unplace(line.head, from: line.place)
      counts.move(from: try waitingState(line.head, at: line.place), to: .blocked)
      try keepPutOff(line, orderingKey)
      state = try moveToHead(id, of: orderingKey, &line, record)
    } else {
      inherit(&line, orderingKey)
    }
    view.put(QueueLayout.orderingKey(orderingKey), line.encoded())
    // What holds up the head holds up all behind it.
    if state == .blocked, line.place == .dependent, line.head != id {
      try lift(try awaited(byHeadOf: line), to: line.inheritedPriority)
    }
    return state
  }

  /// Has the head of a line that gives way go on waiting afterwards for the end of its backoff, or as long as its upstream asked.
  private mutating func keepPutOff(_ line: OrderingKeyRecord, _ orderingKey: OrderingKey) throws {
    let key = QueueLayout.inLine(orderingKey, line.head)
    guard let value = try view.get(key) else { return }
    var record = try lineRecord(value, line.head)
    var isPutOff = false
    if case .retrying = line.place { isPutOff = true }
    guard record.isPutOff != isPutOff else { return }
    record.isPutOff = isPutOff
    view.put(key, record.encoded())
  }

  /// Takes an operation out of its line, or its own index entry away, and lets the next one to the head.
  mutating func leaveLine(
    _ id: OperationID, _ orderingKey: OrderingKey?, priority: OperationPriority, from ownPlace: HeadPlace
  ) throws {
    guard let orderingKey else {
      unplace(id, from: ownPlace)
      return
    }
    guard var line = try line(orderingKey) else { return unplace(id, from: ownPlace) }
    let own = QueueLayout.inLine(orderingKey, id)
    var priority = priority
    if line.hasLifted, let value = try view.get(own) { priority = try lineRecord(value, id).priority }
    // Where both the operation and its place in line are damaged, its priority is a guess: the counts then end too high,
    // never too low, and go when the line does.
    line.countByPriority[Int(priority.rawValue)] = max(0, line.countByPriority[Int(priority.rawValue)] - 1)
    if line.head == id {
      let next = line.isEmpty ? nil : try view.first(in: QueueLayout.lineRange(orderingKey), excluding: own)
      unplace(id, from: line.place)
      if let next, let nextID = QueueLayout.trailingID(next.key) {
        counts.move(
          from: .blocked, to: try moveToHead(nextID, of: orderingKey, &line, try lineRecord(next.value, nextID)))
      }
    }
    view.delete(own)
    if line.isEmpty || line.head == id {
      view.delete(QueueLayout.orderingKey(orderingKey))
    } else {
      view.put(QueueLayout.orderingKey(orderingKey), line.encoded())
    }
  }

  /// Gives the head of a line another place.
  mutating func moveHead(
    _ id: OperationID, _ orderingKey: OrderingKey?, from ownPlace: HeadPlace, to newPlace: HeadPlace, _ wait: WaitRecord
  ) throws {
    guard let orderingKey, var line = try line(orderingKey), line.head == id else {
      unplace(id, from: ownPlace)
      place(id, at: newPlace, wait)
      return
    }
    unplace(id, from: line.place)
    line.place = newPlace
    if case .ready = newPlace { line.place = .ready(line.inheritedPriority) }
    place(id, at: line.place, wait)
    view.put(QueueLayout.orderingKey(orderingKey), line.encoded())
  }

  func startingPlace(priority: OperationPriority, notBefore: Timestamp?) -> HeadPlace {
    if let notBefore, notBefore > now { return .scheduled(notBefore) }
    return .ready(priority)
  }

  /// Where an operation begins that may wait for others.
  private mutating func startingPlace(
    _ id: OperationID, _ record: LineRecord, priority: OperationPriority
  ) throws -> HeadPlace {
    if record.hasDependencies, try isDependent(id) { return .dependent }
    return startingPlace(priority: priority, notBefore: record.notBefore)
  }

  /// Answers with the state in which the new head is counted.
  private mutating func moveToHead(
    _ id: OperationID, of orderingKey: OrderingKey, _ line: inout OrderingKeyRecord, _ record: LineRecord
  ) throws -> OperationState {
    line.head = id
    line.place = try startingPlace(id, record, priority: line.inheritedPriority)
    var state = line.place == .dependent ? OperationState.blocked : .pending
    if record.isPutOff, state != .blocked, let progress = try readable({ try $0.progress(id) }),
      let due = progress.dueAt,
      due > now, record.notBefore ?? due <= due
    {
      line.place = .retrying(due)
      if progress.attemptCount > 0 { state = .retrying }
    }
    place(
      id, at: line.place,
      WaitRecord(priority: record.priority, orderingKey: orderingKey, isRetrying: state == .retrying))
    return state
  }

  /// A head that is ready takes over the highest priority queued behind it, so that an urgent operation is not held up
  /// by a leisurely one of its own key.
  mutating func inherit(_ line: inout OrderingKeyRecord, _ orderingKey: OrderingKey) {
    let inherited = line.inheritedPriority
    guard case .ready(let present) = line.place, inherited < present else { return }
    let wait = WaitRecord(priority: inherited, orderingKey: orderingKey, isRetrying: false)
    unplace(line.head, from: line.place)
    line.place = .ready(inherited)
    place(line.head, at: line.place, wait)
    if inFlight[line.head] != nil { effects.append(.moved(line.head, inherited)) }
  }

  /// What the line knows of an operation; read from the operation itself when those bytes are damaged.
  mutating func lineRecord(_ value: [UInt8], _ id: OperationID) throws -> LineRecord {
    do {
      return try LineRecord(value)
    } catch {
      let operation = try readable { try $0.operation(id) }?.operation
      return LineRecord(
        priority: operation?.priority ?? .normal, notBefore: operation?.notBefore,
        hasDependencies: operation.map { !$0.after.isEmpty } ?? false, isPutOff: true)
    }
  }

  private func isHeld(_ line: OrderingKeyRecord) -> Bool {
    if case .held = line.place { return true }
    return false
  }

  /// The state in which the head of a line is counted.
  private mutating func waitingState(_ id: OperationID, at place: HeadPlace) throws -> OperationState {
    switch place {
    case .retrying: try progress(id).map { $0.attemptCount > 0 ? .retrying : .pending } ?? .pending
    case .ready, .scheduled, .aside, .leased: .pending
    case .dependent: .blocked
    case .held(.parked): .parked
    case .held(.deadLettered): .deadLettered
    }
  }
}
