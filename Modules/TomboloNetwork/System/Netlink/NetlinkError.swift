/// Why netlink could not be asked, in words for a person.
struct NetlinkError: Error, Equatable {
  var message: String
}
