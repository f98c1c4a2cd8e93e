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
        switch edge {
        case .one(let key): [key]
        case .all(let key): keys.filter { $0.hasSameType(as: key) }
        }
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
  public var startOrder: [DependencyKey] {
    let dependencies = Dictionary(nodes.map { ($0.key, $0.dependencies) }, uniquingKeysWith: { first, _ in first })
    var seen: Set<DependencyKey> = []
    var order: [DependencyKey] = []
    func visit(_ key: DependencyKey) {
      guard seen.insert(key).inserted, let needed = dependencies[key] else { return }
      for next in needed { visit(next) }
      order.append(key)
    }
    for node in nodes { visit(node.key) }
    return order
  }

  /// A line for each part and, indented, one for each thing it needs.
  public var text: String {
    nodes.flatMap { node in
      ["\(node.key) (\(node.lifetime.rawValue))"] + node.dependencies.map { "  needs \($0)" }
    }.joined(separator: "\n")
  }

  /// A digraph in the DOT language, for Graphviz: `dot -Tsvg`. A scoped part is dashed, a transient one dotted.
  public var dot: String {
    var lines = ["digraph container {", "  node [shape=box];"]
    for node in nodes {
      let style =
        switch node.lifetime {
        case .singleton: "solid"
        case .scoped: "dashed"
        case .transient: "dotted"
        }
      lines.append("  \(quoted(node.key)) [style=\(style)];")
      lines += node.dependencies.map { "  \(quoted(node.key)) -> \(quoted($0));" }
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private func quoted(_ key: DependencyKey) -> String {
    "\"" + key.description.flatMap { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" } + "\""
  }
}
