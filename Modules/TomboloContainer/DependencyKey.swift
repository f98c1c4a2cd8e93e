/// What a registration is found by: a type, and a name when there is more than one of that type.
public struct DependencyKey: Hashable, Sendable {
  // Of equal types the texts are equal, too, so that they may take part in comparing.
  private let type: ObjectIdentifier
  private let name: ObjectIdentifier?
  private let typeText: String
  private let nameText: String?

  /// The key of `type`, of its variant `name` when there is one.
  public init<T>(_ type: T.Type, named name: (any DependencyName.Type)? = nil) {
    self.type = ObjectIdentifier(type)
    self.name = name.map { ObjectIdentifier($0) }
    self.typeText = String(describing: type)
    self.nameText = name.map { String(describing: $0) }
  }

  func hasSameType(as other: DependencyKey) -> Bool { type == other.type }

  /// How a factory's signature asks for it.
  var parameterType: String { nameText.map { "Named<\($0), \(typeText)>" } ?? typeText }

  /// What to do when nobody registered it.
  var remedy: String {
    let metatype = typeText.contains(" ") ? "(\(typeText)).self" : "\(typeText).self"
    return "add `builder.singleton(\(nameText.map { "\(metatype), named: \($0).self" } ?? metatype)) { … }`"
  }
}

extension DependencyKey: CustomStringConvertible {
  /// `Database`, or `Database named Primary`.
  public var description: String {
    nameText.map { "\(typeText) named \($0)" } ?? typeText
  }
}
