/// How long what a factory makes is kept.
public enum Lifetime: String, Hashable, Sendable, CaseIterable {
  /// Made once, kept until the container is closed.
  case singleton
  /// Made once in each scope, kept until the scope ends.
  case scoped
  /// Made anew for whoever asks; never closed by the container.
  case transient
}

/// What one parameter of a factory asks for: one part, or every variant of the key's type.
struct DependencyEdge: Hashable, Sendable {
  var key: DependencyKey
  var isAll = false
}

/// One line of a builder: what is made, how, and for how long.
struct Registration: Sendable {
  var key: DependencyKey
  var lifetime: Lifetime
  /// In the order of the factory's parameters.
  var edges: [DependencyEdge]
  /// Where it was registered, for messages: `Agent/Parts.swift:12`, with the module's name when there is one.
  var origin: String
  var make: @Sendable (Resolution) async throws -> any Sendable
  var close: (@Sendable (any Sendable) async throws -> Void)?
}

extension Registration {
  /// Reads the edges off the factory's parameters, without running it.
  init<T: Sendable, each D: Sendable>(
    _ type: T.Type, named name: (any DependencyName.Type)?, lifetime: Lifetime, origin: String,
    close: (@Sendable (T) async throws -> Void)?, make: @escaping @Sendable (repeat each D) async throws -> T
  ) {
    var edges: [DependencyEdge] = []
    func note<Dependency: Sendable>(_ type: Dependency.Type) {
      edges.append((type as? any DependencyWrapper.Type)?.edge ?? DependencyEdge(key: DependencyKey(type)))
    }
    repeat note((each D).self)

    self.key = DependencyKey(type, named: name)
    self.lifetime = lifetime
    self.edges = edges
    self.origin = origin
    self.make = { resolution in try await make(repeat try await resolution.dependency((each D).self)) }
    guard let close else { return }
    // `make` returns a `T`, so this is one.
    self.close = { if let instance = $0 as? T { try await close(instance) } }
  }
}
