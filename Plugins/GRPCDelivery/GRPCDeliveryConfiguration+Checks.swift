import GRPCCore
import GRPCNIOTransportHTTP2Posix
import TomboloPorts

extension GRPCDeliveryConfiguration {
  /// The configured metadata, the token among it.
  ///
  /// - Throws: `PluginOptionError` that names the entry, never its value.
  func checkedHeaders() throws -> [OperationHeader] {
    var entries = headers
    if let bearerToken { entries.append(OperationHeader(name: "authorization", value: "Bearer \(bearerToken)")) }
    for entry in entries {
      guard MetadataSyntax.isName(entry.name) else {
        throw PluginOptionError("the header name '\(AnswerText.singleLine(entry.name))' is none that gRPC allows")
      }
      guard MetadataSyntax.isText(entry.value) || entry.name.hasSuffix(MetadataSyntax.binarySuffix) else {
        throw PluginOptionError(
          "the value of the header '\(entry.name)' is not printable ASCII, or has a space or line break at its end")
      }
      guard !CallMetadata.isReserved(entry.name) else {
        throw PluginOptionError("the header '\(entry.name)' is set by the delivery itself; remove it")
      }
    }
    if entries.filter({ HeaderName.folded($0.name) == "authorization" }).count > 1 {
      throw PluginOptionError("both bearerToken and headers set authorization; keep one of them")
    }
    return entries
  }

  /// - Throws: `PluginOptionError` that names the route.
  func checkRoutes() throws {
    let defects = routes.enumerated().compactMap { position, route in
      route.defect.map { "routes[\(position)] \($0)" }
    }
    if !defects.isEmpty { throw PluginOptionError(defects.joined(separator: "; ")) }
  }

  /// - Throws: `PluginOptionError` when the TLS settings do not go together, or not with the base URL.
  func checkSecurity(for address: UpstreamAddress) throws {
    guard address.isEncrypted || security == GRPCSecurity() else {
      throw PluginOptionError("tls is set, but the base URL is http: write https, or remove tls")
    }
    guard (security.certificateFile == nil) == (security.keyFile == nil) else {
      throw PluginOptionError("tls.certificateFile and tls.keyFile go together: set both, or neither")
    }
  }

  /// How the connection is secured.
  func transportSecurity(
    for address: UpstreamAddress
  ) throws -> HTTP2ClientTransport.Posix.TransportSecurity {
    try checkSecurity(for: address)
    guard address.isEncrypted else { return .plaintext }
    return .tls { tls in
      if let file = security.authorityFile { tls.trustRoots = .certificates([.file(path: file, format: .pem)]) }
      if let certificate = security.certificateFile, let key = security.keyFile {
        tls.certificateChain = [.file(path: certificate, format: .pem)]
        tls.privateKey = .file(path: key, format: .pem)
      }
    }
  }
}
