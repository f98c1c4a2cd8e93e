/// One request on its way through the graph: where it may look, and how it came here.
struct Resolution: Sendable {
  var container: Container
  /// The scope it was made in. Singletons are made outside of any.
  var scope: ContainerScope?
  /// From what was asked for to the part being made.
  var path: [DependencyKey] = []

  /// What one parameter of a factory asks for.
  func dependency<D: Sendable>(_ type: D.Type) async throws -> D {
    guard let wrapper = type as? any DependencyWrapper.Type else { return try await part(type) }
    return try cast(try await wrapper.wrapped(by: self), key: wrapper.edge.key)
  }

  /// The part of this type, of its variant `name` when there is one.
  func part<T: Sendable>(_ type: T.Type, named name: (any DependencyName.Type)? = nil) async throws -> T {
    let key = DependencyKey(type, named: name)
    return try cast(try await value(for: key), key: key)
  }

  /// Every variant of a type, in the order of registration.
  func parts<T: Sendable>(of type: T.Type) async throws -> [T] {
    var parts: [T] = []
    for key in container.graph.variants(of: DependencyKey(type)) {
      parts.append(try cast(try await value(for: key), key: key))
    }
    return parts
  }

  private func cast<T>(_ value: any Sendable, key: DependencyKey) throws -> T {
    guard let typed = value as? T else {
      throw ContainerError(
        code: .notRegistered, message: "what is registered as \(key) is of another type", path: path + [key])
    }
    return typed
  }

  func value(for key: DependencyKey) async throws -> any Sendable {
    guard let registration = container.registrations[key] else {
      throw ContainerError(
        code: .notRegistered, message: "\(key) is not registered: \(key.remedy)", path: path + [key])
    }
    switch registration.lifetime {
    case .singleton:
      return try await container.pool.instance(for: key, close: registration.close) {
        try await Resolution(container: container, scope: nil, path: path).make(registration)
      }
    case .scoped:
      guard let scope else {
        throw ContainerError(
          code: .needsScope,
          message: "\((path + [key]).arrows) lives in a scope: ask for it inside `container.withScope`",
          path: path + [key])
      }
      return try await scope.pool.instance(for: key, close: registration.close) { try await make(registration) }
    case .transient:
      try (scope?.pool ?? container.pool).requireOpen()
      return try await make(registration)
    }
  }

  /// Runs the factory. What it throws gets the path in front; cancellation, and what a dependency threw, pass as they are.
  private func make(_ registration: Registration) async throws -> any Sendable {
    // Here alone: what is made already is handed out to a cancelled task, too.
    try Task.checkCancellation()
    var inner = self
    inner.path.append(registration.key)
    do {
      return try await registration.make(inner)
    } catch let error where error is CancellationError || error is ContainerError {
      throw error
    } catch {
      throw ContainerError(
        code: .creationFailed, message: "\(inner.path.arrows) could not be made", path: inner.path, cause: error)
    }
  }
}
