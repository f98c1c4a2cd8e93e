import TomboloPorts

extension ConfigurationReference {
  /// The reference as a page: a table for each section, and one for each plugin that it may name.
  public var markdown: String {
    let intro = """
      # Configuration reference

      Every key, what may stand there, and what stands there when nothing does.

      ## Overview

      This page is written by `tombolo config reference` from the declarations that configurations are checked against. A
      default of - means that nothing stands there; `[]` stands for each item of a list, `NAME` for a name of your own. A key marked with ↻ counts only after a restart; every other one is
      changed by a reload as well. `tombolo config explain KEY` tells which layer set a key.
      """
    return ([intro] + sections.map(text)).joined(separator: "\n\n") + "\n"
  }

  private func text(_ section: Section) -> String {
    var parts = ["## `\(section.path)`", section.help]
    if !section.keys.isEmpty { parts.append(table(section.keys)) }
    for plugin in section.plugins {
      let name = plugin.description.identifier.name
      let isDefault = name == section.defaultName ? ", the default" : ""
      parts.append("### `\(section.path)` with `type: \(name)`\(isDefault)")
      parts.append("\(plugin.description.summary) (\(plugin.description.stability.rawValue))")
      parts.append(plugin.keys.isEmpty ? "It has no keys of its own." : table(plugin.keys))
    }
    return parts.joined(separator: "\n\n")
  }

  private func table(_ keys: [DeclaredKey]) -> String {
    let rows = keys.flatMap { [$0] + $0.inner }.map { key in
      let option = key.option
      let fallback = option.defaultValue.map { "`\(option.render($0))`" } ?? (option.isRequired ? "required" : "-")
      let marks = (key.needsRestart ? " ↻" : "") + (option.isSecret ? " (secret)" : "")
      let cells = ["`\(key.path)`\(marks)", option.type.allowedText, fallback, option.help]
      return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    return (["| key | what may stand there | default | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n")
  }
}
