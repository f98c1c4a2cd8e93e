#if HTTP
  import AsyncHTTPClient
  import NIOCore
  import Synchronization
  public import TomboloPorts

  /// Asks one URL of your own with `GET`.
  ///
  /// | answer | result |
  /// |---|---|
  /// | a redirect, or 511 | `portal`: something stands between |
  /// | 500 and above | `limited` |
  /// | `expectStatus` is given, and it is another one | `portal` |
  /// | `expectHeader` is given, and the answer has no such field, or not with that value | `portal` |
  /// | `expectBody` is given, and the body does not contain it | `portal` |
  /// | anything else, a 404 too: the server is there | `online` |
  /// | none | `limited`, with the reason |
  ///
  /// Every check makes a new connection, since one that was kept open tells nothing about whether another could be made.
  /// Redirects are not followed.
  public final class HTTPProbe: ReachabilityProbe, Closable {
    private let request: HTTPProbeRequest
    private let timeout: Duration
    private let time: any TimeSource
    private let client: HTTPClient
    private let isClosed = Atomic(false)

    /// A probe of `url`, which answers within `timeout`. `expectStatus`, `expectHeader` and `expectBody` say what the
    /// right answer looks like, where anything but a sign-in page is not good enough.
    ///
    /// - Parameter expectHeader: A field the answer has: `X-Service` or, with its value, `X-Service: orders`.
    public init(
      url: String, timeout: Duration = .seconds(2), expectStatus: Int? = nil, expectHeader: String? = nil,
      expectBody: String? = nil, time: any TimeSource = SystemTimeSource()
    ) {
      request = HTTPProbeRequest(
        url: url, expectStatus: expectStatus, expectHeader: expectHeader.flatMap { HTTPProbeHeader($0) },
        expectBody: expectBody)
      self.timeout = timeout
      self.time = time
      var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
      configuration.httpVersion = .http1Only
      // The monitor decides when to ask again; a refused connection is an answer.
      configuration.connectionPool.retryConnectionEstablishment = false
      configuration.timeout.connect = .nanoseconds(timeout.wholeMilliseconds.multipliedClamping(by: 1_000_000))
      client = HTTPClient(configuration: configuration)
    }

    /// What is asked: `GET http://127.0.0.1:9000/health`, without query and credentials.
    public var target: String { "GET \(request.shownURL)" }

    /// Whether the URL's host is this machine itself, as in `http://localhost:9000`, or a socket in the file system.
    public var isOnThisMachine: Bool { request.isOnThisMachine }

    /// Asks once.
    public func check() async -> ProbeResult {
      guard !isClosed.load(ordering: .acquiring) else {
        return ProbeResult(.limited, detail: "the probe of \(request.shownURL) is closed")
      }
      return await withTaskGroup(of: ProbeResult?.self) { group in
        group.addTask { await self.request.run(self.client) }
        group.addTask { [time, timeout, request] in
          // A sleep that throws was cancelled: the answer was quicker, or the check is.
          do { try await time.sleep(for: timeout) } catch { return nil }
          return ProbeResult(.limited, detail: "no answer from \(request.shownURL) within \(timeout)")
        }
        defer { group.cancelAll() }
        for await result in group {
          if let result { return result }
        }
        return ProbeResult(.limited, detail: "the check of \(request.shownURL) was cancelled")
      }
    }

    /// Gives up connections. Calling it again is no error.
    public func close() async throws {
      guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
      try await client.shutdown()
    }
  }

  extension Int64 {
    /// The product, or the end of the range instead of an overflow.
    fileprivate func multipliedClamping(by factor: Int64) -> Int64 {
      let (product, overflow) = multipliedReportingOverflow(by: factor)
      return overflow ? ((self < 0) == (factor < 0) ? .max : .min) : product
    }
  }
#endif
