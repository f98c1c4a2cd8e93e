#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Something a service keeps and a program wants to read and change without a network: the preferences of a user, one note.
///
/// It is stored as JSON, with its version beside it.
public protocol OfflineDocument: Codable, Sendable {
  /// What the store calls this type, such as `preferences`. Never changed once something is stored.
  static var documentType: String { get }
  /// Which shape the stored JSON has; the first is 1.
  static var documentVersion: Int { get }
  /// Reads what an older program stored. Called for versions below `documentVersion` only; by default it decodes the JSON as
  /// it is, which is right where only optional fields were added.
  static func upgraded(from version: Int, _ stored: [UInt8]) throws -> Self
}

extension OfflineDocument {
  public static var documentVersion: Int { 1 }

  public static func upgraded(from version: Int, _ stored: [UInt8]) throws -> Self {
    try JSONDecoder().decode(Self.self, from: Data(stored))
  }
}

/// A document as it is stored.
struct StoredDocument: Hashable, Sendable {
  var version: Int
  var bytes: [UInt8]

  init(version: Int, bytes: [UInt8]) {
    self.version = version
    self.bytes = bytes
  }

  init<Document: OfflineDocument>(_ document: Document) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      bytes = Array(try encoder.encode(document))
    } catch {
      throw OfflineError(.unencodable, "a document of type \(Document.documentType) cannot be encoded", cause: error)
    }
    version = Document.documentVersion
  }

  func decoded<Document: OfflineDocument>(as type: Document.Type) throws -> Document {
    guard version <= Document.documentVersion else {
      throw OfflineError(
        .newerDocument,
        "a document of type \(Document.documentType) was stored in version \(version), and this program reads versions "
          + "up to \(Document.documentVersion): use a newer program")
    }
    do {
      if version < Document.documentVersion { return try Document.upgraded(from: version, bytes) }
      return try JSONDecoder().decode(Document.self, from: Data(bytes))
    } catch {
      throw OfflineError(
        .undecodable, "a stored document of type \(Document.documentType), version \(version), does not decode",
        cause: error)
    }
  }
}
