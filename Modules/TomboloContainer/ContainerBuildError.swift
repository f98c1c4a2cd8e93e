/// Why a container cannot be built: every problem at once.
public struct ContainerBuildError: Error, Hashable, Sendable {
  /// By kind, and within a kind in the order of the registrations they belong to.
  public var problems: [ContainerProblem]
}

extension ContainerBuildError: CustomStringConvertible {
  public var description: String {
    let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
    return (["\(count) in the container:"] + problems.map { "- \($0.message)" }).joined(separator: "\n")
  }
}

/// One thing that is wrong with a container, and how to put it right.
public struct ContainerProblem: Hashable, Sendable {
  /// What kind of problem it is.
  public enum Code: String, Hashable, Sendable {
    /// A factory needs what nobody registered.
    case missing
    /// Parts need one another in a circle, so none of them can be the first.
    case cycle
    /// A singleton would keep what ends with a scope.
    case captive
    /// One key is registered more than once.
    case duplicate
    /// An override has nothing to override.
    case overridesNothing
  }

  public var code: Code
  /// The parts it is about, in order: with a cycle and a captive the path, its first and last link included.
  public var path: [DependencyKey]
  /// What, where, and how to fix it.
  public var message: String
}
