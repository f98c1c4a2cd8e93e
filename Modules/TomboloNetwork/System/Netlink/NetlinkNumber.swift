/// The numbers of rtnetlink that are used here. They are the kernel's ABI and the same on every Linux; written down
/// because not every C library's module shows these headers, and so that the parser is tested on every system.
enum NetlinkNumber {
  // <linux/netlink.h>
  static let protocolRoute: Int32 = 0
  static let messageHeaderByteCount = 16
  static let messageError: UInt16 = 2
  static let messageDone: UInt16 = 3
  static let messageOverrun: UInt16 = 4
  static let flagRequest: UInt16 = 0x1
  static let flagDumpInterrupted: UInt16 = 0x10
  static let flagDump: UInt16 = 0x300

  // <linux/rtnetlink.h>, message types
  static let newLink: UInt16 = 16
  static let deleteLink: UInt16 = 17
  static let getLink: UInt16 = 18
  static let newAddress: UInt16 = 20
  static let deleteAddress: UInt16 = 21
  static let getAddress: UInt16 = 22
  static let newRoute: UInt16 = 24
  static let deleteRoute: UInt16 = 25
  static let getRoute: UInt16 = 26

  // <linux/rtnetlink.h>, multicast groups: links, IPv4 and IPv6 addresses, IPv4 and IPv6 routes
  static let watchedGroups: UInt32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400

  // <linux/socket.h>
  static let familyNetlink: UInt16 = 16
  static let familyUnspecified: UInt8 = 0
  static let familyIPv4: UInt8 = 2
  static let familyIPv6: UInt8 = 10

  // <linux/if.h>, flags of a link
  static let linkUp: UInt32 = 0x1
  static let linkLoopback: UInt32 = 0x8
  static let linkRunning: UInt32 = 0x40
  static let linkLowerUp: UInt32 = 0x1_0000

  // <linux/if_link.h>, attributes of a link
  static let attributeLinkName: UInt16 = 3
  static let attributeLinkInfo: UInt16 = 18
  static let attributeLinkInfoKind: UInt16 = 1

  // <linux/if_arp.h>, hardware types
  static let hardwareEthernet: UInt16 = 1
  static let hardwareRawIP: UInt16 = 519
  static let hardwareWireless: ClosedRange<UInt16> = 801...803

  // <linux/if_addr.h>
  static let attributeAddress: UInt16 = 1
  static let attributeLocalAddress: UInt16 = 2
  static let attributeAddressFlags: UInt16 = 8
  static let addressOptimistic: UInt32 = 0x4
  static let addressDuplicate: UInt32 = 0x8
  static let addressTentative: UInt32 = 0x40

  // <linux/rtnetlink.h>, routes
  static let scopeLink: UInt8 = 253
  static let routeUnicast: UInt8 = 1
  static let tableDefault: UInt32 = 253
  static let tableMain: UInt32 = 254
  static let attributeOutInterface: UInt16 = 4
  static let attributeMultipath: UInt16 = 9
  static let attributeTable: UInt16 = 15
  static let hopDead: UInt32 = 0x1
  static let hopLinkDown: UInt32 = 0x10
}
