public import TomboloPorts

/// A field in which two versions of a JSON document differ, with what it was before. Values are compact JSON; `nil` where the
/// field is not there.
public struct FieldDifference: Hashable, Sendable {
  /// The names from the outermost object to the field, joined with dots.
  public var path: String
  public var base: String?
  public var local: String?
  public var remote: String?

  /// The fields in which an operation's payload and the upstream's version differ, in the order of their paths; `nil` when one of
  /// them is not a JSON object, or the upstream's version is not known.
  public static func between(_ operation: SyncOperation, _ remote: RemoteVersion) -> [FieldDifference]? {
    guard let there = object(remote.payload), let here = object(operation.payload) else { return nil }
    var found: [FieldDifference] = []
    compare(object(operation.base), here, there, path: "", into: &found)
    return found
  }

  private static func object(_ payload: [UInt8]?) -> [String: JSONValue]? {
    guard let payload else { return nil }
    do {
      guard case .object(let members) = try JSONValue(payload) else { return nil }
      return members
    } catch {
      // Not JSON: the versions can be shown, but not field by field.
      return nil
    }
  }

  private static func compare(
    _ base: [String: JSONValue]?, _ local: [String: JSONValue], _ remote: [String: JSONValue], path: String,
    into found: inout [FieldDifference]
  ) {
    for name in Set(local.keys).union(remote.keys).sorted() where local[name] != remote[name] {
      let inner = path.isEmpty ? name : "\(path).\(name)"
      if case .object(let here)? = local[name], case .object(let there)? = remote[name] {
        var before: [String: JSONValue]?
        if case .object(let members)? = base?[name] { before = members }
        compare(before, here, there, path: inner, into: &found)
      } else {
        found.append(
          FieldDifference(
            path: inner, base: text(base?[name]), local: text(local[name]), remote: text(remote[name])))
      }
    }
  }

  private static func text(_ value: JSONValue?) -> String? { value.map { String(decoding: $0.bytes, as: UTF8.self) } }
}
