/// Finds everything that is wrong with a set of registrations. Pure: no factory runs.
struct GraphCheck {
  private let graph: DependencyGraph
  private let overrides: [Registration]
  private let nodes: [DependencyKey: [DependencyGraph.Node]]
  /// Each key once, in the order of registration.
  private let keys: [DependencyKey]

  init(_ graph: DependencyGraph, overrides: [Registration]) {
    self.graph = graph
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
        code: .duplicate, path: [key],
        message: "\(key) is registered \(places.count) times (\(places.joined(separator: "; "))): keep one, "
          + "tell them apart with `named:`, or use `override` in a test")
    }
  }

  private var missing: [ContainerProblem] {
    keys.flatMap { nodes[$0] ?? [] }.flatMap { node in
      node.dependencies.filter { nodes[$0] == nil }.map { key in
        ContainerProblem(
          code: .missing, path: [node.key, key],
          message: "\(node.key) (\(node.origin)) needs \(key), which nobody registered: " + remedy(for: key))
      }
    }
  }

  private func remedy(for key: DependencyKey) -> String {
    let offers = keys.filter { $0.hasSameType(as: key) }.map { "`\($0.parameterType)`" }.joined(separator: " or ")
    return offers.isEmpty ? key.remedy : "ask for \(offers), or \(key.remedy)"
  }

  private var cycles: [ContainerProblem] {
    graph.walk().circles.map { path in
      ContainerProblem(
        code: .cycle, path: path,
        message: "\(path.arrows) is a circle, so none of them can be made first: let one of them "
          + "get the other after both are made, or split off what both need")
    }
  }

  /// The paths on which a singleton reaches a scoped part, through transients or at once.
  private var captives: [ContainerProblem] {
    keys.filter { nodes[$0]?.first?.lifetime == .singleton }.flatMap { key in
      var seen: Set<DependencyKey> = []
      func paths(from path: [DependencyKey], _ needed: [DependencyKey]) -> [[DependencyKey]] {
        needed.filter { seen.insert($0).inserted }.flatMap { next -> [[DependencyKey]] in
          guard let part = nodes[next]?.first, part.lifetime != .singleton else { return [] }
          return part.lifetime == .scoped ? [path + [next]] : paths(from: path + [next], part.dependencies)
        }
      }
      return paths(from: [key], nodes[key]?.first?.dependencies ?? []).map { path in
        let kept = path[path.count - 1]
        return ContainerProblem(
          code: .captive, path: path,
          message: "\(path.arrows): the singleton \(key) would keep \(kept), which ends with its scope: "
            + "register \(key) as scoped, or \(kept) as singleton")
      }
    }
  }

  private var idleOverrides: [ContainerProblem] {
    overrides.filter { nodes[$0.key] == nil }.map { override in
      ContainerProblem(
        code: .overridesNothing, path: [override.key],
        message: "the override of \(override.key) (\(override.origin)) overrides nothing: remove it, or register "
          + "\(override.key) first with `singleton`, `scoped` or `transient`")
    }
  }
}
