/// A stretch of work, such as one request, with parts of its own: `Container.withScope` begins and ends it.
public final class ContainerScope: Sendable {
  let pool = InstancePool(owner: "the scope")
  private let container: Container

  init(_ container: Container) { self.container = container }

  /// The part of this type: the scope's own when it is scoped, the container's when it is a singleton.
  public func resolve<T: Sendable>(
    _ type: T.Type = T.self, named name: (any DependencyName.Type)? = nil
  ) async throws -> T {
    try await Resolution(container: container, scope: self).part(type, named: name)
  }

  /// Every variant of a type, in the order of registration.
  public func all<T: Sendable>(of type: T.Type) async throws -> [T] {
    try await Resolution(container: container, scope: self).parts(of: type)
  }
}
