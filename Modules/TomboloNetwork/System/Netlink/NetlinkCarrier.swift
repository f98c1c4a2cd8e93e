/// Whether a link runs and is connected, as it was when the tables were read.
///
/// The kernel tells of a carrier that came or went at most once a second (net/core/link_watch.c): when any link of the machine,
/// in whatever namespace, changed just before, the news come up to a second late. The flag that says whether there is a carrier
/// is right at once, and with recent kernels the question itself makes the kernel tell. So the few links that carry a way out, and
/// those on their way up, are looked at between the news.
struct NetlinkCarrier: Equatable {
  /// So many links are looked at.
  static let countMaximum = 8

  var index: UInt32
  /// Of the link's flags those that matter here.
  private var state: UInt32

  init(_ link: NetlinkLink) {
    index = link.index
    state = link.flags & (NetlinkNumber.linkRunning | NetlinkNumber.linkLowerUp)
  }

  /// Whether the answer says the same; false for a link that is gone. `nil` when the datagram answers something else.
  func judge(_ datagram: [UInt8], sequence: UInt32) -> Bool? {
    for message in NetlinkMessage.parse(datagram).messages where message.sequence == sequence {
      guard message.type == NetlinkNumber.newLink, let link = NetlinkLink(message.payload) else { return false }
      return NetlinkCarrier(link) == self
    }
    return nil
  }
}
