/// What needs what, for people: as text, and as a picture.
public struct DependencyGraph: Hashable, Sendable {
  /// One registration.
  public struct Node: Hashable, Sendable {
    public var key: DependencyKey
    public var lifetime: Lifetime
    /// In the order of the factory's parameters; `All` is spelled out.
    public var dependencies: [DependencyKey]
    let origin: String
  }

  /// In the order of registration.
  public var nodes: [Node]

  init(_ registrations: [Registration]) {
    let keys = registrations.map(\.key)
    nodes = registrations.map { registration in
      let dependencies = registration.edges.flatMap { edge in
        edge.isAll ? keys.filter { $0.hasSameType(as: edge.key) } : [edge.key]
      }
      return Node(
        key: registration.key, lifetime: registration.lifetime, dependencies: dependencies, origin: registration.origin)
    }
  }

  /// Every key of this one's type.
  func variants(of key: DependencyKey) -> [DependencyKey] {
    nodes.map(\.key).filter { $0.hasSameType(as: key) }
  }

  /// Every part after what it needs, otherwise in the order of registration: what is started in this order can be stopped in
  /// the reverse one.
  public var startOrder: [DependencyKey] { walk().order }

  /// The parts, each after what it needs, and at least one circle for each knot of parts that need one another.
  func walk() -> (order: [DependencyKey], circles: [[DependencyKey]]) {
    let dependencies = Dictionary(nodes.map { ($0.key, $0.dependencies) }, uniquingKeysWith: { first, _ in first })
    var (order, circles, trail): ([DependencyKey], [[DependencyKey]], [DependencyKey]) = ([], [], [])
    var seen: Set<DependencyKey> = []
    func visit(_ key: DependencyKey) {
      if let start = trail.firstIndex(of: key) { return circles.append(Array(trail[start...]) + [key]) }
      guard let needed = dependencies[key], seen.insert(key).inserted else { return }
      trail.append(key)
      for next in needed { visit(next) }
      trail.removeLast()
      order.append(key)
    }
    for node in nodes { visit(node.key) }
    return (order, circles)
  }

  /// A line for each part and, indented, one for each thing it needs.
  public var text: String {
    nodes.flatMap { node in
      ["\(node.key) (\(node.lifetime.rawValue))"] + node.dependencies.map { "  needs \($0)" }
    }.joined(separator: "\n")
  }

  /// A digraph in the DOT language, for Graphviz: `dot -Tsvg`. A scoped part is dashed, a transient one dotted.
  public var dot: String {
    let styles: [Lifetime: String] = [.scoped: "dashed", .transient: "dotted"]
    let lines = nodes.flatMap { node in
      ["  \(quoted(node.key)) [style=\(styles[node.lifetime] ?? "solid")];"]
        + node.dependencies.map { "  \(quoted(node.key)) -> \(quoted($0));" }
    }
    return (["digraph container {", "  node [shape=box];"] + lines + ["}"]).joined(separator: "\n")
  }

  private func quoted(_ key: DependencyKey) -> String {
    "\"" + key.description.flatMap { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" } + "\""
  }
}
