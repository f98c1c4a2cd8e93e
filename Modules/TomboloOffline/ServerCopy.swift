import TomboloPorts

/// A document as the server has it.
public struct ServerCopy<Document: OfflineDocument>: Sendable {
  /// `nil` when the server has none.
  public var document: Document?
  /// Where this copy stands in the server's own order, when it tells: a copy older than what is known here is not taken.
  public var version: UInt64?
  /// The server's mark of it, such as an entity tag.
  public var tag: String?
  /// The identities of edits that this copy has in it, as far as the server tells. An edit whose answer was lost is still
  /// pending here; told that the copy has it, it is not applied over it once more. Edits that say what is to be, instead of what
  /// to add, need none of this.
  public var includedEdits: Set<String>

  /// What the server calls the document, in the answer to an edit that created it under a temporary identifier.
  public var identifier: String?

  public init(
    _ document: Document?, version: UInt64? = nil, tag: String? = nil, includedEdits: Set<String> = [],
    identifier: String? = nil
  ) {
    self.document = document
    self.version = version
    self.tag = tag
    self.includedEdits = includedEdits
    self.identifier = identifier
  }
}

extension DocumentRecord {
  /// Takes what the server says, unless something newer is known. Pending edits stay, and show over it.
  mutating func take<Document: OfflineDocument>(_ copy: ServerCopy<Document>, at now: Timestamp) throws {
    if let known = serverVersion, let version = copy.version, version < known { return }
    base = try copy.document.map { try StoredDocument($0) }
    serverVersion = copy.version
    tag = copy.tag
    heardAt = now
    for index in pending.indices where copy.includedEdits.contains(pending[index].id) {
      pending[index].isIncluded = true
    }
  }
}
