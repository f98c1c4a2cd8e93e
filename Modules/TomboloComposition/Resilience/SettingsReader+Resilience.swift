import TomboloPorts

extension SettingsReader {
  /// The policies around the delivery. A list that nothing uses is a problem: somebody believes that it does something.
  mutating func readResilience() throws -> PipelineSettings? {
    let lists =
      root.value(ResilienceOptions.sectionName) == nil ? [] : try root.entries(ResilienceOptions.sectionName)
    let key = "delivery.\(ResilienceOptions.delivery.name)"
    let chosen =
      root.value("delivery") == nil
      ? nil : try root.section("delivery").stringIfPresent(ResilienceOptions.delivery.name)
    let names = lists.map(\.name)
    let used = chosen ?? ResilienceOptions.standardPipeline
    if let chosen, !names.contains(chosen) {
      let nearest = NearestName.find(chosen, among: names)
      let hint = nearest.map { "; did you mean \"\($0)\"?" } ?? "."
      let there = names.isEmpty ? "There is none that can be used" : "There are \(names.joined(separator: ", "))"
      add(
        .wrongType, key, value: chosen, suggestion: nearest,
        "\"\(chosen)\" names no list of policies\(hint) \(there)")
    }
    // Beside a name that leads nowhere it is not known which of them was meant.
    for name in names where name != used && (chosen == nil || names.contains(used)) {
      let hint = chosen == nil && !names.contains(used) ? ": set \(key): \(name), or remove it" : ": remove it"
      add(.conflict, "resilience.\(name)", "is used by nothing\(hint)")
    }
    guard let list = lists.first(where: { $0.name == used }) else { return nil }
    return PipelineCheck(name: used, list.value, registry: registry).settings
  }
}
