#if os(Linux)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #endif

  import Synchronization
  public import TomboloPorts

  /// Watches links, addresses and routes through rtnetlink, in the network namespace of the thread that runs it. Needs no
  /// privilege and sends nothing to the outside.
  ///
  /// A way out is a unicast default route of the main table, IPv4 or IPv6, over an interface that is up, connected, and not
  /// the loopback one. Changes are told within a tenth of a second, in a storm of them within a second. A pulled cable is told
  /// within `carrierCheckInterval`: the kernel itself holds that news back for up to a second when another link changed just
  /// before, so the links that carry a way out are looked at in between.
  ///
  /// Not known: whether a Wi-Fi or a cable is metered (NetworkManager's opinion is not asked), so `isMetered` is true when
  /// all ways out are cellular and `nil` otherwise; and what policy rules and further routing tables do. A VPN that leaves
  /// the main table's default route alone looks like the network below it.
  ///
  /// Where netlink is not to be had, in a sandbox for example, it reports `unknown` once and tries again now and then.
  ///
  /// **Threads.** While it runs it has one thread, `tombolo-netlink`, which waits in `poll`. When `run` returns it has closed
  /// what it opened, and is about to end.
  public struct NetlinkSource: NetworkPathSource {
    /// What the system calls the thread.
    private static let threadName = "tombolo-netlink"
    private static let retryDelayMinimum = Duration.milliseconds(250)
    private static let retryDelayMaximum = Duration.seconds(60)

    private let time: any TimeSource
    private let carrierCheckInterval: Duration?
    private let receiveByteCount: Int32?

    /// A source that waits between its attempts to reach netlink on `time`.
    ///
    /// - Parameter carrierCheckInterval: How often to look whether the ways out still have a carrier: one question to the
    ///   kernel each, and none while there is no way out. `nil` to wait for the kernel's news alone. At least 10 ms.
    public init(carrierCheckInterval: Duration? = .milliseconds(250), time: any TimeSource = SystemTimeSource()) {
      self.init(carrierCheckInterval: carrierCheckInterval, time: time, receiveByteCount: nil)
    }

    /// One whose socket has a buffer of `receiveByteCount`, to see it overflow.
    package init(
      carrierCheckInterval: Duration? = .milliseconds(250), time: any TimeSource = SystemTimeSource(),
      receiveByteCount: Int32?
    ) {
      self.carrierCheckInterval = carrierCheckInterval
      self.time = time
      self.receiveByteCount = receiveByteCount
    }

    /// `netlink`.
    public var name: String { "netlink" }

    /// Watches until the task is cancelled.
    public func run(_ report: @escaping @Sendable (NetworkPathReport) -> Void) async {
      let last = Mutex<NetworkPathReport?>(nil)
      let tellChange: @Sendable (NetworkPathReport) -> Void = { next in
        let isChange = last.withLock { last in
          defer { last = next }
          return last != next
        }
        if isChange { report(next) }
      }
      var delay = Self.retryDelayMinimum
      while !Task.isCancelled {
        let hasWorked = Atomic(false)
        let failure = await watch { path in
          hasWorked.store(true, ordering: .relaxed)
          tellChange(.path(path))
        }
        guard let failure, !Task.isCancelled else { return }
        tellChange(.unknown(reason: failure.message))
        delay = hasWorked.load(ordering: .relaxed) ? Self.retryDelayMinimum : min(delay * 2, Self.retryDelayMaximum)
        do { try await time.sleep(for: delay) } catch { return }
      }
    }

    private var carrierCheckMilliseconds: Int32? {
      carrierCheckInterval.map { Int32(clamping: max(10, $0.wholeMilliseconds)) }
    }

    /// Watches on a thread of its own. Answers why it ended, `nil` when the task was cancelled; the thread has then done
    /// with everything it opened.
    private func watch(_ report: @escaping @Sendable (NetworkPath) -> Void) async -> NetlinkError? {
      let wake: WakePipe
      do { wake = try WakePipe() } catch { return NetlinkError(message: error.message) }
      // Neither the thread nor the cancellation handler outlives the wait below, so both find the pipe open.
      defer { wake.closeEnds() }
      return await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let error = startDetachedThread(named: Self.threadName) { [receiveByteCount, carrierCheckMilliseconds] in
            let watch = NetlinkWatch(
              wake: wake.reading, receiveByteCount: receiveByteCount,
              carrierCheckMilliseconds: carrierCheckMilliseconds, report: report)
            continuation.resume(returning: watch.run())
          }
          guard error == 0 else {
            continuation.resume(returning: NetlinkError(message: "no thread to watch netlink: \(systemMessage(error))"))
            return
          }
        }
      } onCancel: {
        _ = write(wake.writing, "!", 1)
      }
    }
  }
#endif
