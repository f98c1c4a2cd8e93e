import TomboloPorts

/// Finds what is wrong with a plugin's declarations, before any config can run into it.
struct DeclarationCheck {
  /// Sentences, each naming its option.
  private(set) var faults: [String] = []

  init(_ options: [OptionDeclaration], of kind: PluginKind) {
    check(options, path: "")
    for option in options where option.name == "type" {
      faults.append("the key type is taken: it names the plugin")
    }
    for option in options where kind == .delivery && option.name == ResilienceOptions.delivery.name {
      faults.append("the key \(option.name) is taken: it names the policies around a delivery")
    }
    for option in options where kind == .storage && option.name == "encryption" {
      faults.append("the key encryption is taken: it names the plugin that encrypts a storage")
    }
  }

  private mutating func check(_ options: [OptionDeclaration], path: String) {
    var seen: Set<String> = []
    for option in options {
      let name = path + option.name
      if !Self.isGoodName(option.name) {
        faults.append(
          "\(name) must be camelCase of ASCII letters and digits, for variables are split at _ and paths at .")
      }
      // Variables are matched without regard to case.
      if !seen.insert(option.name.lowercased()).inserted { faults.append("\(name) is declared twice") }
      if let value = option.defaultValue, !option.type.accepts(value) {
        faults.append("the default of \(name) is not \(option.type.allowedText)")
      }
      check(type: option.type, path: name)
    }
  }

  private mutating func check(type: OptionType, path: String) {
    switch type {
    case .section(let options): check(options, path: path + ".")
    case .list(let element), .map(let element): check(type: element, path: path)
    case .choice(let words) where words.isEmpty: faults.append("\(path) has no choices")
    default: return
    }
  }

  private static func isGoodName(_ name: String) -> Bool {
    guard let first = name.first, first.isASCII, first.isLowercase else { return false }
    return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
  }
}
