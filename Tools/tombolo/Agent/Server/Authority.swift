/// The host and port of an address or of a request's `Host`: `localhost:7117`, `[::1]:7117`, `agent.example`.
struct Authority: Hashable {
  /// In lower case, without the brackets of an IPv6 address.
  var name: String
  var port: Int?
  /// Whether it was written as an address, and so cannot have come out of a name server that lies.
  var isAddress: Bool

  /// Takes `text` apart. What is no authority gets a name that is no host's.
  init(_ text: String) {
    var rest = Substring(text.lowercased())
    if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
      name = String(rest[rest.index(after: rest.startIndex)..<end])
      isAddress = true
      rest = rest[rest.index(after: end)...]
    } else {
      name = String(rest.prefix { $0 != ":" })
      isAddress = Self.isIPv4(name)
      rest = rest.dropFirst(name.count)
    }
    guard !rest.isEmpty else { return }
    // More than one colon outside of brackets, or letters for a port.
    guard rest.first == ":", let port = UInt16(rest.dropFirst()) else {
      name = ""
      return
    }
    self.port = Int(port)
  }

  /// The names under which a machine reaches itself.
  static func isLoopback(_ name: String) -> Bool {
    name.lowercased() == "localhost" || name == "::1" || isIPv4(name) && name.hasPrefix("127.")
  }

  /// The addresses that stand for every address of the machine.
  static func isWildcard(_ name: String) -> Bool {
    name == "0.0.0.0" || name == "::"
  }

  private static func isIPv4(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        // `UInt8` alone would take "+1".
        part.allSatisfy { $0.isASCII && $0.isNumber } && UInt8(part) != nil
      }
  }
}
