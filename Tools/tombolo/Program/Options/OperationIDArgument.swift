import TomboloPorts

/// An operation's id on the command line.
enum OperationIDArgument {
  /// Reads it, or says what is wrong.
  static func parse(_ text: String) throws(CommandError) -> OperationID {
    guard let id = OperationID(text) else {
      throw CommandError(
        .usage,
        "\"\(SafeText.line(text, limit: 64))\" is no operation's id: those have the form "
          + "0193506e-8a2b-7c11-9f00-3b1c5d7e9a42; `tombolo list` shows them")
    }
    return id
  }

  /// Reads several, each once; throws for the first that is none.
  static func parse(_ texts: [String]) throws(CommandError) -> [OperationID] {
    var ids: [OperationID] = []
    for text in texts {
      let id = try parse(text)
      if !ids.contains(id) { ids.append(id) }
    }
    return ids
  }
}
