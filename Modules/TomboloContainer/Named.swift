/// Tells variants of one type apart. A type is the name, so that a factory's signature can say which variant it wants.
///
///     enum Primary: DependencyName {}
///     builder.singleton(Database.self, named: Primary.self) { Database("primary") }
///     builder.singleton(Archive.self) { (database: Named<Primary, Database>) in Archive(database.value) }
public protocol DependencyName {}

/// A parameter of a factory that asks for the variant `Name` of `Value`.
public struct Named<Name: DependencyName, Value: Sendable>: Sendable {
  public let value: Value

  /// For calling a factory by hand.
  public init(_ value: Value) { self.value = value }
}

/// A parameter of a factory that asks for every variant of `Value`, in the order of their registration. There may be none.
public struct All<Value: Sendable>: Sendable {
  public let values: [Value]

  /// For calling a factory by hand.
  public init(_ values: [Value]) { self.values = values }
}

/// A parameter type that is not itself what is registered.
protocol DependencyWrapper: Sendable {
  static var edge: DependencyEdge { get }
  static func wrapped(by resolution: Resolution) async throws -> Self
}

extension Named: DependencyWrapper {
  static var edge: DependencyEdge { DependencyEdge(key: DependencyKey(Value.self, named: Name.self)) }

  static func wrapped(by resolution: Resolution) async throws -> Self {
    Named(try await resolution.part(Value.self, named: Name.self))
  }
}

extension All: DependencyWrapper {
  static var edge: DependencyEdge { DependencyEdge(key: DependencyKey(Value.self), isAll: true) }

  static func wrapped(by resolution: Resolution) async throws -> Self {
    All(try await resolution.parts(of: Value.self))
  }
}
