import TomboloPorts

/// Decides what an answer means for the operation. A pure function of the answer: the table of the module, in one place.
///
/// | answer | outcome |
/// |---|---|
/// | 2xx | delivered |
/// | 302, 303, 307 to another host | retry, as unreachable: most likely the sign-in page of a network |
/// | other 3xx | reject |
/// | 401, 403 | suspend the upstream, keep the operation |
/// | 408, 425, 5xx | retry, not before Retry-After |
/// | 409, 412 | conflict |
/// | 429 | retry as throttled, not before Retry-After |
/// | other 4xx | reject |
struct AnswerMapping: Sendable {
  /// How long an upstream rests that does not accept our credentials.
  var unauthorizedPause: Duration
  /// The scheme, host and port of the upstream: `http://127.0.0.1:9000`.
  var origin: String
  var text: AnswerText

  func outcome(of answer: UpstreamAnswer, to operation: SyncOperation, now: Timestamp) -> DeliveryOutcome {
    if (200..<300).contains(answer.status) { return .delivered }
    let words = text.describe(answer, to: operation)
    switch answer.status {
    case 300..<400: return redirect(answer, words)
    case 401, 403:
      return .suspend(for: unauthorizedPause, DeliveryFailure(.unauthorized, words))
    case 408, 425, 500...:
      return .retry(after: retryAfter(answer, now), DeliveryFailure(.upstreamFailed, words))
    case 409, 412:
      return .conflict(remoteVersion(answer, words, now))
    case 429:
      return .retry(after: retryAfter(answer, now), DeliveryFailure(.throttled, words))
    default:
      return .reject(DeliveryFailure(.refused, words))
    }
  }

  private func retryAfter(_ answer: UpstreamAnswer, _ now: Timestamp) -> Duration? {
    answer.field("Retry-After").flatMap { RetryAfter.parse($0, now: now) }
  }

  /// A page about the conflict is not the version itself, and half a version would be merged as if it were one: neither
  /// becomes the payload.
  private func remoteVersion(_ answer: UpstreamAnswer, _ words: String, _ now: Timestamp) -> RemoteVersion {
    let isVersion = !["text/html", "application/problem+json", "application/problem+xml"].contains(answer.mediaType)
    let hasPayload = answer.isBodyComplete && !answer.body.isEmpty && isVersion
    return RemoteVersion(
      tag: answer.field("ETag"),
      modifiedAt: answer.field("Last-Modified").flatMap { HTTPDate.parse($0, now: now) },
      written: answer.field(HybridTimestamp.headerName).flatMap { HybridTimestamp($0) },
      payload: hasPayload ? answer.body : nil,
      detail: answer.isBodyComplete ? words : "\(words) (the remote version is too large to be read)")
  }

  /// Redirects are not followed. A client that follows turns a POST into a GET on the most common of them, and would hand
  /// payload and credentials to whichever host the answer names.
  private func redirect(_ answer: UpstreamAnswer, _ words: String) -> DeliveryOutcome {
    if [302, 303, 307].contains(answer.status), let location = answer.field("Location"), leavesOrigin(location) {
      return .retry(
        after: nil,
        DeliveryFailure(.unreachable, "\(words); it points to another host, as the sign-in page of a network would"))
    }
    return .reject(
      DeliveryFailure(
        .refused, "\(words); redirects are not followed: let the base URL or the route name the new address"))
  }

  private func leavesOrigin(_ location: String) -> Bool {
    let location = HeaderName.folded(location)
    // A reference without a scheme stays on this host, unless it begins with `//` and names another.
    if location.hasPrefix("//") { return !Self.isWithin(location, String(origin.drop { $0 != "/" })) }
    return location.contains("://") && !Self.isWithin(location, origin)
  }

  private static func isWithin(_ location: String, _ origin: String) -> Bool {
    guard location.hasPrefix(origin) else { return false }
    let rest = location.dropFirst(origin.count)
    return rest.isEmpty || "/?#".contains(rest.first ?? "/")
  }
}
