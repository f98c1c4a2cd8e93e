import Yams

/// An error of the YAML parser, told like every other problem: where, what, what to do.
struct YAMLProblem {
  var problem: ConfigurationProblem

  init(_ error: YamlError, text: String, place: (Mark?) -> ConfigurationOrigin) {
    let (message, mark) = Self.read(error, text: text)
    var hint = ""
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    if let mark, lines.indices.contains(mark.line - 1),
      lines[mark.line - 1].prefix(while: { $0 == " " || $0 == "\t" }).contains("\t")
    {
      hint = ": indent with spaces, YAML allows no tabs"
    }
    problem = ConfigurationProblem(.syntax, at: "", origin: place(mark), "not valid YAML: \(message)\(hint)")
  }

  private static func read(_ error: YamlError, text: String) -> (String, Mark?) {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let before = context.map { "\($0.text) that begins at line \($0.mark.line), " } ?? ""
      return (before + problem, mark)
    case .reader(let problem, let offset, _, _):
      return ("\(problem)\(offset.map { " at character \($0 + 1)" } ?? "")", nil)
    case .duplicatedKeysInMapping(let names, let context):
      let list = names.map { "\"\($0)\"" }.joined(separator: ", ")
      return ("keys that stand twice in one section: \(list)", context.mark)
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
      return ("\(error)", nil)
    }
  }
}
