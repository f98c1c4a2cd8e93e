import HTTPTypes

/// Decides whom the agent answers at all.
///
/// A page in the user's browser can send requests to loopback as well as any program. It cannot choose what the browser
/// says of it: a name of its own that resolves to this machine stands in `Host` (DNS rebinding), and its origin stands in
/// `Origin` or `Sec-Fetch-Site`.
struct RequestGuard {
  let address: AgentAddress
  let bearerToken: [UInt8]?
  let hostNames: Set<String>

  init(_ configuration: AgentServerConfiguration) {
    address = configuration.address
    bearerToken = configuration.bearerToken.map { Array($0.utf8) }
    hostNames = Set(configuration.hostNames.map { $0.lowercased() })
  }

  /// Throws the reason for which a request is refused. `port` is the one it came in through.
  func check(_ request: HTTPRequest, path: String, port: Int?) throws(AgentProblem) {
    try checkHost(request, port: port)
    if request.method != .get, request.method != .head { try checkOrigin(request) }
    if path != "/healthz" { try checkToken(request) }
  }

  // MARK: - Host

  private func checkHost(_ request: HTTPRequest, port: Int?) throws(AgentProblem) {
    guard case .tcp(let host, _) = address else { return }
    guard !isOwn(request.authority.map { Authority($0) }, host: host.lowercased(), port: port) else { return }
    throw AgentProblem(
      .misdirected, .foreignHost,
      "the Host of the request is not this agent's: send it to the address the agent listens on")
  }

  private func isOwn(_ authority: Authority?, host: String, port: Int?) -> Bool {
    guard let authority, !authority.name.isEmpty else { return false }
    if hostNames.contains(authority.name) { return true }
    let isKnown = authority.name == host || Authority.isLoopback(authority.name)
    if Authority.isLoopback(host) { return isKnown && authority.port ?? 80 == port }
    // Others need a token, and may come through a gateway with a port of its own.
    return isKnown || Authority.isWildcard(host) && authority.isAddress
  }

  // MARK: - Origin

  private func checkOrigin(_ request: HTTPRequest) throws(AgentProblem) {
    let origin = request.headerFields[.origin]
    let own = request.authority.map { ["http://\($0)", "https://\($0)"] } ?? []
    let isOwn = origin.map { own.contains($0) } ?? true
    switch request.headerFields[.secFetchSite] {
    case nil, "same-origin", "none": if isOwn { return }
    default: break
    }
    throw AgentProblem(.forbidden, .foreignOrigin, "the request comes from a page of another origin")
  }

  // MARK: - Token

  private func checkToken(_ request: HTTPRequest) throws(AgentProblem) {
    guard let bearerToken else { return }
    let given = request.headerFields[.authorization].flatMap { Self.token(in: $0) } ?? ""
    guard Self.isEqual(Array(given.utf8), bearerToken) else {
      throw AgentProblem(
        .unauthorized, .unauthorized, "the request needs the header Authorization: Bearer, with the agent's token")
    }
  }

  private static func token(in field: String) -> Substring? {
    let parts = field.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    return parts[1]
  }

  /// Compares without stopping at the first difference, so that the time it takes does not tell how much was right.
  private static func isEqual(_ given: [UInt8], _ expected: [UInt8]) -> Bool {
    var difference = given.count ^ expected.count
    for (index, byte) in expected.enumerated() {
      difference |= Int((index < given.count ? given[index] : ~byte) ^ byte)
    }
    return difference == 0
  }
}

extension HTTPField.Name {
  /// Set by browsers alone: pages cannot choose its value.
  static let secFetchSite = parsed("Sec-Fetch-Site")

  /// For names that are written out in the source.
  static func parsed(_ name: StaticString) -> HTTPField.Name {
    guard let parsed = HTTPField.Name("\(name)") else { preconditionFailure("\(name) is no name of a header field") }
    return parsed
  }
}
