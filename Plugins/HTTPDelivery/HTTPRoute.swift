/// Where operations of some kinds go: a pattern of kinds, a method and a path.
///
///     HTTPRoute(kind: "preferences.*", method: .put, path: "/prefs/{kind}")
public struct HTTPRoute: Hashable, Sendable {
  /// The methods an operation can be delivered with.
  public enum Method: String, Hashable, Sendable, CaseIterable {
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  /// Every kind to `POST /{kind}`: what holds where no route matches.
  public static let standard = HTTPRoute(kind: "*", method: .post, path: "/{kind}")

  /// The kind itself, or its beginning followed by `*`.
  public var kind: String
  public var method: Method
  /// Appended to the base URL. `{kind}` stands for the operation's kind, percent-encoded as one path segment.
  public var path: String

  public init(kind: String, method: Method = .post, path: String = "/{kind}") {
    self.kind = kind
    self.method = method
    self.path = path
  }

  /// Whether operations of this kind go here.
  public func matches(_ operationKind: String) -> Bool {
    kind.last == "*" ? operationKind.utf8.starts(with: kind.utf8.dropLast()) : operationKind == kind
  }

  /// The path for an operation of this kind.
  public func path(for operationKind: String) -> String {
    var result = ""
    var rest = Substring(path)
    while let start = rest.firstIndex(of: "{"), rest[start...].hasPrefix(Self.placeholder) {
      result += rest[..<start]
      result += Self.percentEncoded(operationKind)
      rest = rest[start...].dropFirst(Self.placeholder.count)
    }
    return result + rest
  }

  /// What is wrong with the route, in words that follow its name in the config; `nil` when it can be used.
  var defect: String? {
    if kind.isEmpty { return "has an empty kind" }
    if kind.dropLast().contains("*") { return "has the kind '\(kind)': '*' may only stand at the end" }
    if !path.hasPrefix("/") { return "has the path '\(path)', which does not begin with '/'" }
    let literal = path.split(separator: Self.placeholder, omittingEmptySubsequences: false).joined()
    let isPlain = literal.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"{}#\\\"<>^`|".utf8.contains($0) }
    return isPlain
      ? nil : "has the path '\(path)': only {kind} may stand in braces, other characters must be URL-encoded"
  }

  private static let placeholder = "{kind}"

  /// Everything but the unreserved characters of RFC 3986 is encoded, so that a kind can neither leave its segment nor
  /// begin a query. A kind of dots alone would be resolved as "here" or "up", so its dots are encoded too.
  static func percentEncoded(_ text: String) -> String {
    let isDots = text == "." || text == ".."
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: ".") where !isDots: encoded.append(".")
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return encoded
  }
}
