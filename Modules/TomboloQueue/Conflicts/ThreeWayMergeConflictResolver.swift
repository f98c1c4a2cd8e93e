public import TomboloPorts

/// Merges JSON objects field by field: what only one side changed since `base` is taken from that side, and what both changed
/// alike is taken as it is.
///
/// | base | here | there | merged |
/// |---|---|---|---|
/// | 1 | 2 | 1 | 2 |
/// | 1 | 1 | 3 | 3 |
/// | 1 | removed | 1 | removed |
/// | 1 | 2 | 2 | 2 |
/// | 1 | 2 | 3 | as `onContradiction` says |
/// | 1 | removed | 3 | as `onContradiction` says |
///
/// Objects inside objects are merged likewise; everything else, arrays included, is one value. An operation without a `base`
/// is merged as if there had been nothing. A remote version without a payload, and payloads that are not JSON objects, park the
/// operation for a person.
public struct ThreeWayMergeConflictResolver: ConflictResolver {
  /// What happens to a field that both sides changed, each in another way.
  public enum Contradiction: String, Hashable, Sendable, CaseIterable {
    case local
    case remote
    /// The whole operation waits for a person.
    case park
  }

  public var onContradiction: Contradiction

  public init(onContradiction: Contradiction = .park) {
    self.onContradiction = onContradiction
  }

  public func resolve(_ operation: SyncOperation, against remote: RemoteVersion) -> ResolutionResult {
    guard let payload = remote.payload else {
      return .park("the upstream holds another version and does not show it: \(remote.detail)")
    }
    let (local, there, base): (JSONValue, JSONValue, JSONValue)
    do {
      (local, there) = (try JSONValue(operation.payload), try JSONValue(payload))
      base = try operation.base.map { try JSONValue($0) } ?? .object([:])
    } catch {
      return .park("the versions cannot be merged: \(error)")
    }
    guard case .object = local, case .object = there, case .object = base else {
      return .park("the versions cannot be merged: all three have to be JSON objects")
    }
    var contradictions: [String] = []
    let merged = merge(base, local, there, path: "", &contradictions)
    if onContradiction == .park, !contradictions.isEmpty {
      // The names of fields tell a person where to look; their values are not for messages.
      return .park("both sides changed \(contradictions.sorted().prefix(10).joined(separator: ", "))")
    }
    guard let merged, merged != there else { return .keepRemote }
    return merged == local ? .applyLocal : .merged(merged.bytes)
  }

  private func merge(
    _ base: JSONValue?, _ local: JSONValue?, _ remote: JSONValue?, path: String, _ contradictions: inout [String]
  ) -> JSONValue? {
    if local == remote || remote == base { return local }
    if local == base { return remote }
    if case .object(let here)? = local, case .object(let there)? = remote {
      var before: [String: JSONValue] = [:]
      if case .object(let members)? = base { before = members }
      var merged: [String: JSONValue] = [:]
      for name in Set(before.keys).union(here.keys).union(there.keys).sorted() {
        let inner = path.isEmpty ? name : "\(path).\(name)"
        merged[name] = merge(before[name], here[name], there[name], path: inner, &contradictions)
      }
      return .object(merged)
    }
    contradictions.append(path)
    return onContradiction == .remote ? remote : local
  }
}
