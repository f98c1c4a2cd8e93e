/// The carrier of one link, as it was when the tables were read.
///
/// The kernel tells of a lost carrier at most once a second (net/core/link_watch.c): when any link of the machine, in whatever
/// namespace, changed just before, the news come up to a second late. The flag that says whether there is a carrier is right
/// at once. So the few links that carry a way out are looked at between the news.
struct NetlinkCarrier: Equatable {
  /// So many links are looked at.
  static let countMaximum = 8

  var index: UInt32
  var isPresent: Bool

  /// Whether the answer says the same; false for a link that is gone. `nil` when the datagram answers something else.
  func judge(_ datagram: [UInt8], sequence: UInt32) -> Bool? {
    for message in NetlinkMessage.parse(datagram).messages where message.sequence == sequence {
      guard message.type == NetlinkNumber.newLink, let link = NetlinkLink(message.payload), link.index == index
      else { return false }
      return link.hasCarrier == isPresent
    }
    return nil
  }
}
