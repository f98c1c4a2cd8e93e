/// Finds everything that is wrong with a set of registrations. Pure: no factory runs.
struct GraphCheck {
  private let overrides: [Registration]
  private let nodes: [DependencyKey: [DependencyGraph.Node]]
  /// Each key once, in the order of registration.
  private let keys: [DependencyKey]

  init(_ graph: DependencyGraph, overrides: [Registration]) {
    self.overrides = overrides
    nodes = Dictionary(grouping: graph.nodes, by: \.key)
    var seen: Set<DependencyKey> = []
    keys = graph.nodes.map(\.key).filter { seen.insert($0).inserted }
  }

  var problems: [ContainerProblem] {
    duplicates + missing + cycles + captives + idleOverrides
  }

  private var duplicates: [ContainerProblem] {
    keys.compactMap { key in
      guard let places = nodes[key]?.map(\.origin), places.count > 1 else { return nil }
      return ContainerProblem(
        .duplicate, path: [key],
        message: "\(key) is registered \(places.count) times (\(places.joined(separator: "; "))): keep one, "
          + "tell them apart with `named:`, or use `override` in a test")
    }
  }

  private var missing: [ContainerProblem] {
    keys.flatMap { nodes[$0] ?? [] }.flatMap { node in
      node.dependencies.filter { nodes[$0] == nil }.map { key in
        ContainerProblem(
          .missing, path: [node.key, key],
          message: "\(node.key) (\(node.origin)) needs \(key), which nobody registered: " + remedy(for: key))
      }
    }
  }

  private func remedy(for key: DependencyKey) -> String {
    let variants = keys.filter { $0.hasSameType(as: key) }
    guard !variants.isEmpty else { return "add `builder.singleton(\(key.registrationText)) { … }`" }
    let offers = variants.map { "`\($0.parameterType)`" }.joined(separator: " or ")
    return "ask for \(offers), or add `builder.singleton(\(key.registrationText)) { … }`"
  }

  /// At least one circle for each knot of parts that need one another.
  private var cycles: [ContainerProblem] {
    var finished: Set<DependencyKey> = []
    var trail: [DependencyKey] = []
    var found: [ContainerProblem] = []
    func visit(_ key: DependencyKey) {
      if let start = trail.firstIndex(of: key) {
        let path = trail[start...] + [key]
        found.append(
          ContainerProblem(
            .cycle, path: Array(path),
            message: "\(Array(path).arrows) is a circle, so none of them can be made first: let one of them "
              + "get the other after both are made, or split off what both need"))
        return
      }
      guard !finished.contains(key) else { return }
      trail.append(key)
      for next in targets(of: key) { visit(next) }
      trail.removeLast()
      finished.insert(key)
    }
    for key in keys { visit(key) }
    return found
  }

  /// The paths on which a singleton reaches a scoped part, through transients or at once.
  private var captives: [ContainerProblem] {
    var found: [ContainerProblem] = []
    for key in keys where nodes[key]?.first?.lifetime == .singleton {
      var seen: Set<DependencyKey> = [key]
      var paths = targets(of: key).map { [key, $0] }
      while !paths.isEmpty {
        let path = paths.removeFirst()
        guard let last = path.last, let part = nodes[last]?.first, seen.insert(last).inserted else { continue }
        switch part.lifetime {
        case .singleton: continue
        case .transient: paths += targets(of: last).map { path + [$0] }
        case .scoped:
          found.append(
            ContainerProblem(
              .captive, path: path,
              message: "\(path.arrows): the singleton \(key) would keep \(last), which ends with its scope: "
                + "register \(key) as scoped, or \(last) as singleton"))
        }
      }
    }
    return found
  }

  private var idleOverrides: [ContainerProblem] {
    overrides.compactMap { override in
      guard nodes[override.key] == nil else { return nil }
      return ContainerProblem(
        .overridesNothing, path: [override.key],
        message: "the override of \(override.key) (\(override.origin)) overrides nothing: remove it, or register "
          + "\(override.key) first with `singleton`, `scoped` or `transient`")
    }
  }

  /// What a part needs and is there.
  private func targets(of key: DependencyKey) -> [DependencyKey] {
    nodes[key]?.first?.dependencies.filter { nodes[$0] != nil } ?? []
  }
}
