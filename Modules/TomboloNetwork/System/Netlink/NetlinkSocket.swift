#if os(Linux)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #endif

  /// A socket to the kernel's routing tables. Closed when it is let go. For one thread.
  final class NetlinkSocket {
    /// What receiving brought.
    enum Arrival {
      case datagram([UInt8])
      /// Something was lost: the socket's buffer overflowed, or the datagram was longer than any that is expected.
      case lost
      /// Nothing is there at the moment.
      case nothing
    }

    /// The kernel fills at most 32 KiB of a listing into one datagram.
    private static let bufferByteCount = 64 * 1024
    /// `struct sockaddr_nl`: family, padding, port, groups.
    private static let addressByteCount = 12

    let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: NetlinkSocket.bufferByteCount)

    /// Opens a socket that hears of changes in `groups`, none of them for one that only asks. `receiveByteCount` sets the
    /// size of the socket's buffer, for tests.
    init(groups: UInt32, receiveByteCount: Int32? = nil) throws(NetlinkError) {
      // SOCK_RAW is a number in one C library and an enumeration in the other; on Linux it is 3, and the two flags equal
      // those of open(2), which are numbers everywhere.
      descriptor = socket(AF_NETLINK, 3 | O_CLOEXEC | O_NONBLOCK, NetlinkNumber.protocolRoute)
      guard descriptor >= 0 else { throw Self.failure("cannot open a netlink socket") }
      if var size = receiveByteCount {
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
      }
      let result = Self.withKernelAddress(groups: groups) { bind(descriptor, $0, $1) }
      guard result == 0 else {
        let failure = Self.failure("cannot watch the network with netlink")
        close(descriptor)
        throw failure
      }
    }

    deinit {
      close(descriptor)
    }

    /// Sends a request to the kernel.
    func send(_ request: [UInt8]) throws(NetlinkError) {
      let count = Self.withKernelAddress(groups: 0) { address, length in
        sendto(descriptor, request, request.count, 0, address, length)
      }
      guard count == request.count else { throw Self.failure("cannot ask netlink") }
    }

    /// Receives what is there, without waiting. What other programs send is skipped: only the kernel's port is 0.
    func receive() throws(NetlinkError) -> Arrival {
      while true {
        var address = [UInt8](repeating: 0, count: Self.addressByteCount)
        // MSG_TRUNC answers the datagram's own length even where the buffer is shorter.
        let count = Self.withBytes(&address) { pointer, length in
          var length = length
          return recvfrom(descriptor, &buffer, buffer.count, Int32(MSG_TRUNC), pointer, &length)
        }
        guard count >= 0 else {
          switch errno {
          case EINTR: continue
          case EAGAIN: return .nothing
          case ENOBUFS: return .lost
          default: throw Self.failure("cannot read from netlink")
          }
        }
        guard NetlinkBytes(address).uint32(at: 4) == 0 else { continue }
        guard count <= buffer.count else { return .lost }
        return .datagram(Array(buffer[..<count]))
      }
    }

    private static func withKernelAddress<Result>(
      groups: UInt32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
      var bytes = [UInt8](repeating: 0, count: addressByteCount)
      withUnsafeBytes(of: NetlinkNumber.familyNetlink) { bytes.replaceSubrange(0..<2, with: $0) }
      withUnsafeBytes(of: groups) { bytes.replaceSubrange(8..<12, with: $0) }
      return withBytes(&bytes) { body(UnsafePointer($0), $1) }
    }

    /// Safety: the system reads and writes through the pointer only as many bytes as the length says, and those are there.
    private static func withBytes<Result>(
      _ bytes: inout [UInt8], _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
      let count = socklen_t(bytes.count)
      return withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: 8) { memory in
        memory.copyBytes(from: bytes)
        defer { bytes = Array(memory) }
        let pointer = UnsafeMutableRawPointer(memory.baseAddress.unsafelyUnwrapped)
        return pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, count) }
      }
    }

    private static func failure(_ what: String) -> NetlinkError {
      NetlinkError(message: "\(what): \(systemMessage(errno))")
    }
  }
#endif
