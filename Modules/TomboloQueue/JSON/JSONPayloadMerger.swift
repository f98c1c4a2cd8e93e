public import TomboloPorts

/// Merges payloads that are JSON objects: members of the newer one are added or take the place of older ones, objects inside
/// objects likewise. Everything else in it, `null` and arrays included, is taken over whole.
///
///     waiting {"name":"Ada","address":{"city":"Turin"}}
///     newer   {"address":{"street":"Via Po"},"name":null}
///     merged  {"address":{"city":"Turin","street":"Via Po"},"name":null}
public struct JSONPayloadMerger: PayloadMerger {
  public init() {}

  public func merge(_ waiting: SyncOperation, with newer: NewOperation) throws -> [UInt8] {
    let (old, new) = (try JSONValue(waiting.payload), try JSONValue(newer.payload))
    guard case .object = old, case .object = new else {
      throw QueueError(.invalidOperation, "both payloads have to be JSON objects", field: "payload")
    }
    return Self.merge(old, new).bytes
  }

  private static func merge(_ old: JSONValue, _ new: JSONValue) -> JSONValue {
    guard case .object(let oldMembers) = old, case .object(let newMembers) = new else { return new }
    return .object(oldMembers.merging(newMembers) { merge($0, $1) })
  }
}
