import TomboloPorts
public import TomboloQueue

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The upstream's version for which an operation is parked: part of the answer about a single operation.
public struct WireConflict: Hashable, Sendable, Codable {
  /// What the upstream said.
  public var detail: String
  /// The upstream's mark of its version.
  public var tag: String?
  public var modifiedAt: String?
  /// Where both versions are JSON objects: the fields in which they differ.
  public var differences: [WireFieldDifference]?
  /// The upstream's version, when it was told.
  public var payloadBase64: String?

  /// `nil` when there is no conflict to decide about.
  public init?(_ snapshot: OperationSnapshot) {
    guard let remote = snapshot.conflict else { return nil }
    detail = remote.detail
    tag = remote.tag
    modifiedAt = (remote.written?.time ?? remote.modifiedAt)?.description
    differences = FieldDifference.between(snapshot.operation, remote)?.map { WireFieldDifference($0) }
    payloadBase64 = remote.payload.map { Data($0).base64EncodedString() }
  }
}

/// A field that differs; values are JSON as text, and missing where the field is.
public struct WireFieldDifference: Hashable, Sendable, Codable {
  public var path: String
  public var base: String?
  public var local: String?
  public var remote: String?

  init(_ difference: FieldDifference) {
    path = difference.path
    base = difference.base
    local = difference.local
    remote = difference.remote
  }
}
