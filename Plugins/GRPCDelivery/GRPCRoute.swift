/// Which method operations of some kinds are delivered to: a pattern of kinds, a service and a method.
///
///     GRPCRoute(kind: "preferences.*", method: "preferences.v1.Preferences/Set")
public struct GRPCRoute: Hashable, Sendable {
  /// What the method gets as its request.
  public enum Message: String, Hashable, Sendable, CaseIterable {
    /// The operation's payload as it is: already the serialized request of that method. The response is not looked at.
    case payload
    /// A `tombolo.delivery.v1.DeliverRequest` with the payload in it, answered by a `DeliverResponse`.
    case operation
  }

  /// Every kind to `tombolo.delivery.v1.OperationDelivery/Deliver`: what holds where no route matches.
  public static let standard = GRPCRoute(
    kind: "*", method: "tombolo.delivery.v1.OperationDelivery/Deliver", message: .operation)

  /// The kind itself, or its beginning followed by `*`.
  public var kind: String
  /// `package.Service/Method`, with or without a slash before it.
  public var method: String
  public var message: Message

  public init(kind: String, method: String, message: Message = .payload) {
    self.kind = kind
    self.method = method
    self.message = message
  }

  /// Whether operations of this kind go here.
  public func matches(_ operationKind: String) -> Bool {
    kind.last == "*" ? operationKind.utf8.starts(with: kind.utf8.dropLast()) : operationKind == kind
  }

  /// The service and the method apart; `nil` when `method` is not one of each.
  var names: (service: String, method: String)? {
    let text = method.first == "/" ? method.dropFirst() : method[...]
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, Self.isServiceName(parts[0]), Self.isIdentifier(parts[1]) else { return nil }
    return (String(parts[0]), String(parts[1]))
  }

  /// What is wrong with the route, in words that follow its name in the config; `nil` when it can be used.
  var defect: String? {
    if kind.isEmpty { return "has an empty kind" }
    if kind.dropLast().contains("*") { return "has the kind '\(kind)': '*' may only stand at the end" }
    if names == nil {
      return "has the method '\(method)', which is no method of a service; write it like package.Service/Method"
    }
    return nil
  }

  private static func isServiceName(_ name: Substring) -> Bool {
    name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isIdentifier($0) }
  }

  /// An identifier of the protobuf language.
  private static func isIdentifier(_ name: Substring) -> Bool {
    guard let first = name.utf8.first, !isDigit(first) else { return false }
    return name.utf8.allSatisfy { isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "_") }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) && byte < 0x80 }
}
