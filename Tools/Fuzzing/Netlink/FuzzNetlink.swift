/// The entry point of libFuzzer: reads any bytes as a datagram of the kernel.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNetlink(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let datagram = Array(UnsafeBufferPointer(start: start, count: count))
  var listing = NetlinkListing()
  // As the answer to each of the four requests.
  for _ in 1...4 {
    guard case .send = listing.take(datagram) else { break }
  }
  _ = NetlinkNews.matters(datagram)
  _ = listing.table.path { _ in nil }
  for carrier in listing.table.watchedCarriers { _ = carrier.judge(datagram, sequence: 1) }
  return 0
}
