/// Collects what a program is made of, and checks it as a whole.
///
///     var builder = ContainerBuilder()
///     builder.singleton(Database.self, close: { try await $0.close() }) { try await Database.open() }
///     builder.singleton(Archive.self) { (database: Database) in Archive(database) }
///     let container = try builder.build()
///     let archive = try await container.resolve(Archive.self)
///
/// What a factory needs are its parameters: a registered type, `Named` for a variant, `All` for every variant. So the whole
/// graph is known, and checked, before anything is made. A factory that needs several gives the types of its parameters, or is
/// an initializer: `builder.singleton(Archive.self, Archive.init)`.
///
/// A factory must not resolve from the container it belongs to: it could wait for itself.
public struct ContainerBuilder: Sendable {
  private var registrations: [Registration] = []
  private var overrides: [Registration] = []
  private var modules: [String] = []

  /// An empty builder.
  public init() {}

  /// Registers what is made once, when it is first asked for, and kept until the container is closed.
  ///
  /// - Parameters:
  ///   - name: The variant, when there are several of the type.
  ///   - close: Releases what the instance holds. Runs in a task of its own, which nobody cancels.
  public mutating func singleton<T: Sendable, each D: Sendable>(
    _ type: T.Type = T.self, named name: (any DependencyName.Type)? = nil,
    close: (@Sendable (T) async throws -> Void)? = nil, fileID: String = #fileID, line: Int = #line,
    _ make: @escaping @Sendable (repeat each D) async throws -> T
  ) {
    registrations.append(
      Registration(type, named: name, lifetime: .singleton, origin: origin(fileID, line), close: close, make: make))
  }

  /// Registers what is made once in each scope and kept until the scope ends.
  public mutating func scoped<T: Sendable, each D: Sendable>(
    _ type: T.Type = T.self, named name: (any DependencyName.Type)? = nil,
    close: (@Sendable (T) async throws -> Void)? = nil, fileID: String = #fileID, line: Int = #line,
    _ make: @escaping @Sendable (repeat each D) async throws -> T
  ) {
    registrations.append(
      Registration(type, named: name, lifetime: .scoped, origin: origin(fileID, line), close: close, make: make))
  }

  /// Registers what is made anew for whoever asks. The container does not keep it, so it cannot close it.
  public mutating func transient<T: Sendable, each D: Sendable>(
    _ type: T.Type = T.self, named name: (any DependencyName.Type)? = nil, fileID: String = #fileID, line: Int = #line,
    _ make: @escaping @Sendable (repeat each D) async throws -> T
  ) {
    registrations.append(
      Registration(type, named: name, lifetime: .transient, origin: origin(fileID, line), close: nil, make: make))
  }

  /// Registers what exists already. It stays the caller's to close.
  public mutating func value<T: Sendable>(
    _ value: T, as type: T.Type = T.self, named name: (any DependencyName.Type)? = nil, fileID: String = #fileID,
    line: Int = #line
  ) {
    singleton(type, named: name, fileID: fileID, line: line) { value }
  }

  /// Puts another factory in the place of a registered one, whose lifetime stays: for tests. Overriding what is not
  /// registered is a problem that `build` reports; of two overrides the later one counts.
  public mutating func override<T: Sendable, each D: Sendable>(
    _ type: T.Type = T.self, named name: (any DependencyName.Type)? = nil,
    close: (@Sendable (T) async throws -> Void)? = nil, fileID: String = #fileID, line: Int = #line,
    _ make: @escaping @Sendable (repeat each D) async throws -> T
  ) {
    overrides.append(
      Registration(type, named: name, lifetime: .singleton, origin: origin(fileID, line), close: close, make: make))
  }

  /// Registers everything a module holds.
  public mutating func install(_ module: ContainerModule) {
    modules.append(module.name)
    module.register(&self)
    modules.removeLast()
  }

  /// What needs what, complete or not.
  public var graph: DependencyGraph { DependencyGraph(effectiveRegistrations) }

  /// The container, or every problem there is. Nothing is made yet.
  public func build() throws(ContainerBuildError) -> Container {
    let registrations = effectiveRegistrations
    let problems = GraphCheck(DependencyGraph(registrations), overrides: overrides).problems
    guard problems.isEmpty else { throw ContainerBuildError(problems: problems) }
    return Container(registrations)
  }

  private var effectiveRegistrations: [Registration] {
    registrations.map { registration in
      guard var replacement = overrides.last(where: { $0.key == registration.key }) else { return registration }
      replacement.lifetime = registration.lifetime
      return replacement
    }
  }

  private func origin(_ fileID: String, _ line: Int) -> String {
    let place = "\(fileID):\(line)"
    return modules.isEmpty ? place : "\(place), module \(modules.joined(separator: "."))"
  }
}
