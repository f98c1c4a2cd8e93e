public import TomboloPorts

/// One life of the program under test: what it may touch of the world. Once it has crashed nothing it does reaches the disk or
/// the outside any more, and its task is cancelled so that it comes to its end.
public struct SimulatedProcess: Sendable {
  /// 1 for the first.
  public let number: Int
  /// In the last life nothing fails any more and nothing crashes: what is to settle in the end settles here.
  public let isLast: Bool
  /// The disk, as this process sees it.
  public let store: SimulatedStore
  public let time: SimulatedTime
  public let network: SimulatedNetwork
  /// Hands operations to the world's upstream.
  public let handler: any OperationHandler

  let life: SimulatedLife
  let seed: UInt64

  /// Whether it still lives.
  public var isAlive: Bool { !life.hasCrashed }

  /// A generator for this purpose in this life: the same in every run with the seed.
  public func random(_ purpose: String) -> SeededGenerator {
    var mixed = seed
    for byte in purpose.utf8 { mixed = (mixed ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return SeededGenerator(seed: mixed)
  }

  /// Ends this life now, as `kill -9` does.
  public func crash() {
    life.crash()
  }
}

/// The upstream, as one process reaches it.
struct SimulatedHandler: OperationHandler {
  let upstream = "simulated"
  let outside: SimulatedUpstream
  let life: SimulatedLife
  let environment: SimulationEnvironment

  func deliver(_ operation: SyncOperation, attempt: DeliveryAttempt) async throws -> DeliveryOutcome {
    guard !life.hasCrashed else { throw CancellationError() }
    environment.note("life \(life.number) attempt \(attempt.number) of \(operation.id)")
    let outcome = try await outside.deliver(operation, attempt: attempt)
    environment.note("life \(life.number) outcome of \(operation.id): \(outcome)")
    guard !life.hasCrashed else { throw CancellationError() }
    return outcome
  }
}
