/// Makes the parts of a program when they are asked for, and closes them in reverse order.
///
/// However many tasks ask at once, a singleton is made once: the first one makes it, the others wait. When making it fails,
/// those who wait get the error, and whoever asks later tries anew; when the task that makes it is cancelled, one of those who
/// wait goes on instead. All methods may be called from any number of tasks.
public final class Container: Sendable {
  /// What needs what.
  public let graph: DependencyGraph
  let pool = InstancePool(owner: "the container")
  let registrations: [DependencyKey: Registration]

  init(_ registrations: [Registration]) {
    self.registrations = Dictionary(registrations.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    self.graph = DependencyGraph(registrations)
  }

  /// The part of this type, of its variant `name` when there is one; made, with all it needs, when it is not there yet.
  ///
  /// Throws a `ContainerError`, or `CancellationError` when the task is cancelled before it is made.
  public func resolve<T: Sendable>(
    _ type: T.Type = T.self, named name: (any DependencyName.Type)? = nil
  ) async throws -> T {
    try await Resolution(container: self, scope: nil).part(type, named: name)
  }

  /// Every variant of a type, in the order of registration.
  public func all<T: Sendable>(of type: T.Type) async throws -> [T] {
    try await Resolution(container: self, scope: nil).parts(of: type)
  }

  /// Every singleton that is an `S`, each after what it needs; made when it is not there yet.
  ///
  /// So the services of a program come in the order in which a `ServiceGroup` starts them and, reversed, stops them:
  ///
  ///     let services = try await container.singletons(thatAre: (any Service).self)
  public func singletons<S>(thatAre type: S.Type) async throws -> [S] {
    var found: [S] = []
    for key in graph.startOrder where registrations[key]?.lifetime == .singleton {
      if let part = try await Resolution(container: self, scope: nil).value(for: key) as? S { found.append(part) }
    }
    return found
  }

  /// Makes every singleton, each after what it needs, otherwise in the order of registration. When one fails, or the task is
  /// cancelled, what was made is closed again, the container with it, before the error is thrown.
  ///
  /// - Parameter body: Makes something of what was started. When it fails, everything is closed as if starting had failed.
  public func start<Result>(_ body: (Container) async throws -> Result = { _ in }) async throws -> Result {
    do {
      _ = try await singletons(thatAre: Any.self)
      return try await body(self)
    } catch {
      throw await pool.closing(after: error) ?? error
    }
  }

  /// Closes what was made, the youngest first, each after those that need it. Creations under way are waited for; nothing
  /// is made afterwards. A part that fails to close does not keep the others from it; the failures are thrown together as a
  /// `ContainerError`. Calling it again waits for the same end and throws nothing.
  public func close() async throws {
    if let error = await pool.closing() { throw error }
  }

  /// Runs `body` with the container and closes it afterwards, however `body` ends.
  public func run<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (Container) async throws -> Result
  ) async throws -> Result {
    try await pool.closingAfter { try await body(self) }
  }

  /// Runs `body` in a scope of its own and closes what was made in it afterwards, however `body` ends. The container must
  /// not be closed before the scope has ended.
  public func withScope<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (ContainerScope) async throws -> Result
  ) async throws -> Result {
    let scope = ContainerScope(self)
    return try await scope.pool.closingAfter { try await body(scope) }
  }

  /// Whether the singleton of this type is made already.
  public func isMade<T: Sendable>(_ type: T.Type, named name: (any DependencyName.Type)? = nil) -> Bool {
    pool.isMade(DependencyKey(type, named: name))
  }
}
