/// Registrations that belong together, as a value that a program can install, pass around and choose between.
///
///     let storage = ContainerModule("storage") { builder in
///       builder.singleton(Database.self) { try await Database.open() }
///     }
///     builder.install(storage)
public struct ContainerModule: Sendable {
  /// Shown in messages about what it registers.
  public var name: String
  let register: @Sendable (inout ContainerBuilder) -> Void

  /// A module whose registrations are made by `register`, each time it is installed.
  public init(_ name: String, _ register: @escaping @Sendable (inout ContainerBuilder) -> Void) {
    self.name = name
    self.register = register
  }
}
