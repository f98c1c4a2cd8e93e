#if os(Linux)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #endif

  import TomboloPorts

  /// Reads the kernel's tables and waits for changes, on the thread that calls `run()`.
  struct NetlinkWatch {
    /// The kernel answers in milliseconds; what takes longer never comes.
    private static let answerMilliseconds: Int32 = 2_000
    /// So much is taken in at once before the tables are read.
    private static let newsCountMaximum = 10_000

    /// Readable when the watch is to end.
    let wake: Int32
    let receiveByteCount: Int32?
    /// How often to look at the carrier of the ways out; `nil` for never.
    let carrierCheckMilliseconds: Int32?
    let report: (NetworkPath) -> Void

    private struct Woken: Error {}

    /// Watches until woken, and then answers `nil`; or until netlink fails, with why.
    func run() -> NetlinkError? {
      do {
        let news = try NetlinkSocket(groups: NetlinkNumber.watchedGroups, receiveByteCount: receiveByteCount)
        try follow(news)
      } catch let error as NetlinkError {
        return error
      } catch {
        return nil
      }
    }

    /// Never returns; throws `Woken` or a `NetlinkError`.
    private func follow(_ news: NetlinkSocket) throws -> Never {
      var pace = NetlinkPace()
      while true {
        let (table, isSteadyListing) = try readTables()
        let isSteady = try !takeNews(news) && isSteadyListing
        if pace.read(isSteady: isSteady) { report(table.path(deviceType: deviceType)) }
        if isSteady {
          try rest(news, table.watchedCarriers)
        }
        try gather(news, limit: pace.gatheringLimitMilliseconds)
      }
    }

    /// Waits until something matters: looks at the links at once, then now and then, and takes in the news.
    private func rest(_ news: NetlinkSocket, _ carriers: [NetlinkCarrier]) throws {
      let looked = carrierCheckMilliseconds.flatMap { carriers.isEmpty ? nil : $0 }
      if looked != nil, try !areAsKnown(carriers) { return }
      while true {
        if try wait(for: news, milliseconds: looked ?? -1) {
          if try takeNews(news) { return }
        } else if try !areAsKnown(carriers) {
          return
        }
      }
    }

    /// Looks at each of the links. What cannot be told is a reason to read the tables.
    private func areAsKnown(_ carriers: [NetlinkCarrier]) throws -> Bool {
      let socket = try NetlinkSocket(groups: 0)
      for (number, carrier) in carriers.enumerated() {
        let sequence = UInt32(number) + 1
        try socket.send(NetlinkMessage.linkRequest(index: carrier.index, sequence: sequence))
        while true {
          let arrival = try socket.receive()
          if case .datagram(let datagram) = arrival {
            guard let isAsKnown = carrier.judge(datagram, sequence: sequence) else { continue }
            guard isAsKnown else { return false }
            break
          }
          guard case .nothing = arrival, try wait(for: socket, milliseconds: Self.answerMilliseconds) else {
            return false
          }
        }
      }
      return true
    }

    /// Waits until things are quiet for a moment, or for as long as `limit`.
    private func gather(_ news: NetlinkSocket, limit: Int32) throws {
      let end = ContinuousClock.now + .milliseconds(Int(limit))
      while ContinuousClock.now < end {
        guard try wait(for: news, milliseconds: NetlinkPace.quietMilliseconds) else { return }
        _ = try takeNews(news)
      }
    }

    /// Takes in what is there and tells whether any of it matters.
    private func takeNews(_ news: NetlinkSocket) throws -> Bool {
      var matters = false
      for _ in 0..<Self.newsCountMaximum {
        switch try news.receive() {
        case .datagram(let datagram): matters = matters || NetlinkNews.matters(datagram)
        case .lost: matters = true
        case .nothing: return matters
        }
      }
      return true
    }

    /// Reads all tables, over a socket of their own: on that of the news a listing and an overflow would get in each
    /// other's way.
    private func readTables() throws -> (table: NetlinkTable, isSteady: Bool) {
      let socket = try NetlinkSocket(groups: 0)
      var listing = NetlinkListing()
      try socket.send(listing.start())
      while true {
        switch try socket.receive() {
        case .nothing:
          guard try wait(for: socket, milliseconds: Self.answerMilliseconds) else {
            throw NetlinkError(message: "netlink does not answer")
          }
        case .lost:
          listing.lost()
        case .datagram(let datagram):
          switch listing.take(datagram) {
          case .receive: break
          case .send(let request): try socket.send(request)
          case .finished(let isSteady): return (listing.table, isSteady)
          case .failed(let error):
            throw NetlinkError(message: "netlink does not list the network: \(systemMessage(error))")
          }
        }
      }
    }

    /// Waits until the socket has something, and answers false when it had not in time. Throws `Woken`.
    private func wait(for socket: NetlinkSocket, milliseconds: Int32) throws -> Bool {
      var polled = [
        pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
      ]
      while true {
        let count = poll(&polled, nfds_t(polled.count), milliseconds)
        guard count >= 0 else {
          if errno == EINTR { continue }
          throw NetlinkError(message: "cannot wait for netlink: \(systemMessage(errno))")
        }
        if polled[1].revents != 0 { throw Woken() }
        return count > 0
      }
    }

    /// What the driver says the interface is, `wlan` or `wwan`; `nil` when it says nothing, as for cables.
    private func deviceType(_ name: String) -> String? {
      guard !name.contains("/"), !name.hasPrefix(".") else { return nil }
      let descriptor = open("/sys/class/net/\(name)/uevent", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return nil }
      defer { close(descriptor) }
      var buffer = [UInt8](repeating: 0, count: 1_024)
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return nil }
      let lines = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n")
      return lines.first { $0.hasPrefix("DEVTYPE=") }.map { String($0.dropFirst("DEVTYPE=".count)) }
    }
  }
#endif
