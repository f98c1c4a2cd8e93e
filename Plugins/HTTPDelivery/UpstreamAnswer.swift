import TomboloPorts

/// What an upstream answered, as far as it was read.
struct UpstreamAnswer: Sendable {
  var status: Int
  /// The usual words for the status, or none.
  var reason: String
  var fields: [OperationHeader]
  /// No more than the configured maximum.
  var body: [UInt8] = []
  /// Whether `body` is all of it.
  var isBodyComplete = true

  /// The value of the first field of this name.
  func field(_ name: String) -> String? {
    let folded = HeaderName.folded(name)
    return fields.first { HeaderName.folded($0.name) == folded }.map { FieldSyntax.trimmed($0.value) }
  }

  /// The type of the body without its parameters, in lower case; empty when the upstream does not tell.
  var mediaType: String {
    guard let value = field("Content-Type"), let type = value.split(separator: ";").first else { return "" }
    return HeaderName.folded(FieldSyntax.trimmed(String(type)))
  }
}
