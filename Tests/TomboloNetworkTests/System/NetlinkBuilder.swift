@testable import TomboloNetwork

/// Datagrams as the kernel would send them.
enum NetlinkBuilder {
  static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number) { Array($0) }
  }

  static func message(_ type: UInt16, sequence: UInt32 = 1, flags: UInt16 = 2, _ payload: [UInt8]) -> [UInt8] {
    let length = UInt32(16 + payload.count)
    let header = bytes(length) + bytes(type) + bytes(flags) + bytes(sequence) + bytes(UInt32(0))
    return header + payload + [UInt8](repeating: 0, count: netlinkAligned(payload.count) - payload.count)
  }

  static func attribute(_ type: UInt16, _ value: [UInt8]) -> [UInt8] {
    bytes(UInt16(4 + value.count)) + bytes(type) + value
      + [UInt8](repeating: 0, count: netlinkAligned(value.count) - value.count)
  }

  /// Up, running, connected.
  static let usable: UInt32 = 0x1_0041

  static func link(
    _ index: UInt32, _ name: String, flags: UInt32 = usable, hardware: UInt16 = 1, madeBy: String? = nil,
    sequence: UInt32 = 1
  ) -> [UInt8] {
    let header = [0, 0] + bytes(hardware) + bytes(index) + bytes(flags) + bytes(UInt32(0))
    let info = madeBy.map { attribute(18, attribute(1, Array($0.utf8) + [0])) } ?? []
    // With one attribute nobody asked for.
    return message(
      16, sequence: sequence, header + attribute(999, [1, 2, 3]) + attribute(3, Array(name.utf8) + [0]) + info)
  }

  static func address(
    _ index: UInt32, isIPv6: Bool = false, scope: UInt8 = 0, flags: UInt32 = 0x80, _ value: [UInt8] = [10, 0, 0, 2]
  ) -> [UInt8] {
    let header: [UInt8] = [isIPv6 ? 10 : 2, 24, UInt8(truncatingIfNeeded: flags), scope] + bytes(index)
    return message(20, header + attribute(1, value) + attribute(2, value) + attribute(8, bytes(flags)))
  }

  static func route(
    _ index: UInt32?, isIPv6: Bool = false, prefixLength: UInt8 = 0, type: UInt8 = 1, table: UInt8 = 254,
    longTable: UInt32? = nil, flags: UInt32 = 0, hops: [(index: UInt32, flags: UInt8)] = []
  ) -> [UInt8] {
    let header: [UInt8] = [isIPv6 ? 10 : 2, prefixLength, 0, 0, table, 4, 0, type] + bytes(flags)
    var attributes: [UInt8] = []
    if let longTable { attributes += attribute(15, bytes(longTable)) }
    if let index { attributes += attribute(4, bytes(index)) }
    if !hops.isEmpty {
      attributes += attribute(9, hops.flatMap { bytes(UInt16(8)) + [$0.flags, 0] + bytes($0.index) })
    }
    return message(24, header + attributes)
  }

  static func done(sequence: UInt32, error: Int32 = 0, flags: UInt16 = 2) -> [UInt8] {
    message(3, sequence: sequence, flags: flags, bytes(error))
  }

  static func error(sequence: UInt32, _ code: Int32) -> [UInt8] {
    message(2, sequence: sequence, bytes(code) + [UInt8](repeating: 0, count: 16))
  }
}
