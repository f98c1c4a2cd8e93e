/// One reading of the kernel's tables: asks for links, addresses and routes one after the other and takes in the answers.
/// A pure state machine.
///
///     start ─▶ links ─▶ addresses ─▶ IPv4 routes ─▶ IPv6 routes ─▶ finished
struct NetlinkListing {
  /// What to do after a datagram.
  enum Step: Equatable {
    /// Receive the next one.
    case receive
    /// Send this, then receive.
    case send([UInt8])
    /// Everything is there. `isSteady` is false when the tables changed meanwhile: parts may not fit each other.
    case finished(isSteady: Bool)
    /// The kernel refused, with this error number.
    case failed(Int32)
  }

  private static let parts: [(type: UInt16, family: UInt8)] = [
    (NetlinkNumber.getLink, NetlinkNumber.familyUnspecified),
    (NetlinkNumber.getAddress, NetlinkNumber.familyUnspecified),
    (NetlinkNumber.getRoute, NetlinkNumber.familyIPv4),
    (NetlinkNumber.getRoute, NetlinkNumber.familyIPv6),
  ]
  /// `EAFNOSUPPORT` and `EOPNOTSUPP`: this kernel lacks the family, so it has no routes of it.
  private static let missingFamilyErrors: Set<Int32> = [97, 95]

  private(set) var table = NetlinkTable()
  private var part = 0
  private var isSteady = true

  /// The first request.
  func start() -> [UInt8] { request }

  /// Takes in a datagram from the kernel. Messages that answer something else are skipped.
  mutating func take(_ datagram: [UInt8]) -> Step {
    let (messages, isWhole) = NetlinkMessage.parse(datagram)
    if !isWhole { isSteady = false }
    for message in messages where message.sequence == sequence {
      if message.flags & NetlinkNumber.flagDumpInterrupted != 0 { isSteady = false }
      switch message.type {
      case NetlinkNumber.messageDone, NetlinkNumber.messageError:
        // Both carry a negative error number, or none.
        let error = message.payload.uint32(at: 0).map { Int32(bitPattern: $0) } ?? 0
        let isMissingFamily = Self.parts[part].type == NetlinkNumber.getRoute && isMissing(error)
        if error != 0, !isMissingFamily { return .failed(error.magnitude > 4095 ? 5 : abs(error)) }
        return endPart()
      case NetlinkNumber.messageOverrun:
        isSteady = false
      default:
        table.add(message)
      }
    }
    return .receive
  }

  /// A datagram was lost or cut short.
  mutating func lost() {
    isSteady = false
  }

  private var sequence: UInt32 { UInt32(part) + 1 }

  private var request: [UInt8] {
    NetlinkMessage.dumpRequest(type: Self.parts[part].type, family: Self.parts[part].family, sequence: sequence)
  }

  private func isMissing(_ error: Int32) -> Bool {
    error != .min && Self.missingFamilyErrors.contains(abs(error))
  }

  private mutating func endPart() -> Step {
    guard part + 1 < Self.parts.count else { return .finished(isSteady: isSteady) }
    part += 1
    return .send(request)
  }
}
