import AsyncHTTPClient
import NIOCore
import TomboloPorts

extension HTTPDeliveryConfiguration {
  /// The configured fields, the token among them.
  ///
  /// - Throws: `PluginOptionError` that names the field, never its value.
  func checkedFields() throws -> [OperationHeader] {
    var fields = headers
    if let bearerToken { fields.append(OperationHeader(name: "Authorization", value: "Bearer \(bearerToken)")) }
    for field in fields {
      guard FieldSyntax.isName(field.name) else {
        throw PluginOptionError("the header name '\(AnswerText.singleLine(field.name))' is none that HTTP allows")
      }
      guard FieldSyntax.isValue(field.value) else {
        throw PluginOptionError(
          "the value of the header '\(field.name)' holds a line break or control character; is there one at its end?")
      }
      guard !RequestFields.isReserved(field.name) else {
        throw PluginOptionError("the header '\(field.name)' is set by the delivery itself; remove it")
      }
    }
    let names = fields.map { HeaderName.folded($0.name) }
    if names.filter({ $0 == "authorization" }).count > 1 {
      throw PluginOptionError("both bearerToken and headers set Authorization; keep one of them")
    }
    return fields
  }

  /// - Throws: `PluginOptionError` that names the route.
  func checkRoutes() throws {
    let defects = routes.enumerated().compactMap { position, route in
      route.defect.map { "routes[\(position)] \($0)" }
    }
    if !defects.isEmpty { throw PluginOptionError(defects.joined(separator: "; ")) }
  }

  /// The driver's own settings. It must not retry connections by itself: the queue does, with one backoff and one budget
  /// for all, and it wants to hear of a refusal at once.
  var client: HTTPClient.Configuration {
    var pool = HTTPClient.Configuration.ConnectionPool(
      idleTimeout: .seconds(60), concurrentHTTP1ConnectionsPerHostSoftLimit: connectionsMaximum)
    pool.retryConnectionEstablishment = false
    return HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: HTTPClient.Configuration.Timeout(connect: TimeAmount(connectTimeout)),
      connectionPool: pool)
  }
}
