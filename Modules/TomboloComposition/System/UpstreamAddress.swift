/// Host and port of an `http` or `https` URL.
struct UpstreamAddress: Hashable, Sendable {
  var host: String
  var port: Int

  private init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// `nil` when the text is no such URL.
  init?(_ url: String) {
    guard let schemeEnd = url.firstRange(of: "://") else { return nil }
    let scheme = url[..<schemeEnd.lowerBound].lowercased()
    guard let defaultPort = ["http": 80, "https": 443][scheme] else { return nil }
    let authority = url[schemeEnd.upperBound...].prefix { !"/?#".contains($0) }
    if authority.first == "[" {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      let rest = authority[authority.index(after: end)...]
      guard rest.isEmpty || rest.first == ":", let port = rest.isEmpty ? defaultPort : Int(rest.dropFirst()) else {
        return nil
      }
      self.init(host: String(authority[authority.index(after: authority.startIndex)..<end]), port: port)
      return
    }
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    guard let host = parts.first, !host.isEmpty, parts.count <= 2,
      let port = parts.count == 1 ? defaultPort : Int(parts[1])
    else { return nil }
    self.init(host: String(host), port: port)
  }
}
