public import TomboloOffline

/// What the program keeps, and tells its server.
public struct Note: OfflineDocument, Hashable {
  public static let documentType = "note"
  public var id: String
  public var text: String

  public init(id: String, text: String) {
    self.id = id
    self.text = text
  }
}

/// What is on the other side of the network.
public protocol NoteServer: Sendable {
  func save(_ note: Note, idempotencyKey: String) async throws
}
