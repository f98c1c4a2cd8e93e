extension PluginOptions {
  /// The entries of a map of texts as headers.
  package func headers(_ name: String) throws -> [OperationHeader] {
    try entries(name).map { entry in
      guard case .string(let value) = entry.value else {
        throw PluginOptionError("\(path).\(name).\(entry.name) is no string")
      }
      return OperationHeader(name: entry.name, value: value)
    }
  }
}

extension PluginOptionError {
  /// Runs a check; what it says comes out with the section it is about.
  package static func named<Value>(_ path: String, _ check: () throws -> Value) throws -> Value {
    do {
      return try check()
    } catch let error as PluginOptionError where !error.message.hasPrefix(path) {
      throw PluginOptionError("\(path): \(error.message)")
    }
  }
}
