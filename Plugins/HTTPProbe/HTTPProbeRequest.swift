#if HTTP
  import AsyncHTTPClient
  import NIOCore
  import NIOHTTP1
  import TomboloPorts

  /// One `GET`, and what its answer means.
  struct HTTPProbeRequest: Sendable {
    /// No more of a body is read.
    static let bodyByteCountMaximum = 64 * 1_024

    var url: String
    var expectStatus: Int?
    var expectHeader: HTTPProbeHeader?
    var expectBody: String?

    /// The URL without credentials, query and fragment, which may be secret.
    var shownURL: String {
      var shown = url[..<(url.firstIndex { $0 == "?" || $0 == "#" } ?? url.endIndex)]
      if let scheme = shown.firstRange(of: "://") {
        let rest = shown[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        if let at = authority.lastIndex(of: "@") {
          shown = shown[..<scheme.upperBound] + rest[rest.index(after: at)...]
        }
      }
      return String(shown)
    }

    /// Whether the host is loopback or an address of this machine, or the URL names a socket in the file system.
    var isOnThisMachine: Bool {
      if url.hasPrefix("unix:") { return true }
      guard let scheme = url.firstRange(of: "://") else { return false }
      if url[..<scheme.lowerBound].hasSuffix("+unix") { return true }
      let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
      let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
      return OwnAddress.contains(
        String(place.first == "[" ? place.dropFirst().prefix { $0 != "]" } : place.prefix { $0 != ":" }))
    }

    func run(_ client: HTTPClient) async -> ProbeResult {
      var request = HTTPClientRequest(url: url)
      request.headers.add(name: "Connection", value: "close")
      request.headers.add(name: "Cache-Control", value: "no-store")
      do {
        let response = try await client.execute(request, deadline: .distantFuture)
        let result = judge(status: Int(response.status.code))
        guard result.condition == .online else { return result }
        if let expectHeader,
          !expectHeader.isMet(by: response.headers[canonicalForm: expectHeader.name].map(String.init))
        {
          return ProbeResult(.portal, detail: "\(shownURL) answered without the field \(expectHeader)")
        }
        guard let expectBody else { return result }
        return try await holds(response.body, expectBody)
          ? result : ProbeResult(.portal, detail: "\(shownURL) answered with an unexpected body")
      } catch {
        return ProbeResult(.limited, detail: HTTPProbeFailure(error, url: shownURL).detail)
      }
    }

    /// What an answer's status means.
    func judge(status: Int) -> ProbeResult {
      let detail = "\(shownURL) answered \(status)"
      switch status {
      case 300..<400 where status != expectStatus:
        return ProbeResult(.portal, detail: "\(detail), a redirect")
      // RFC 6585, section 6: a sign-in page says so itself.
      case 511:
        return ProbeResult(.portal, detail: "\(detail): the network asks for a sign-in")
      case 500... where status != expectStatus:
        return ProbeResult(.limited, detail: detail)
      default:
        guard let expectStatus, status != expectStatus else { return ProbeResult(.online, detail: detail) }
        return ProbeResult(.portal, detail: "\(detail) instead of \(expectStatus)")
      }
    }

    private func holds(_ body: HTTPClientResponse.Body, _ expected: String) async throws -> Bool {
      var bytes: [UInt8] = []
      for try await chunk in body {
        bytes += chunk.readableBytesView.prefix(Self.bodyByteCountMaximum - bytes.count)
        if bytes.count >= Self.bodyByteCountMaximum { break }
      }
      return String(decoding: bytes, as: UTF8.self).contains(expected)
    }
  }
#endif
