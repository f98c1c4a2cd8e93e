public import TomboloPorts

/// A document as it is to be shown: what the server last said, with the edits it does not have yet applied over it.
public struct DocumentSnapshot<Document: OfflineDocument>: Sendable {
  public var id: String
  /// What is to be shown; `nil` when there is no such document.
  public var value: Document?
  /// What the server last said.
  public var base: Document?
  /// Where `base` stands in the server's own order, when it tells.
  public var version: UInt64?
  /// The server's mark of `base`.
  public var tag: String?
  /// When the server was last heard about it; `nil` when it never was.
  public var heardAt: Timestamp?
  /// How long ago that was.
  public var age: Duration?
  /// The edits that show in `value` and that the server does not have yet, in the order they were made.
  public var pending: [PendingEdit] = []
  /// Those of `pending` that cannot be applied over what the server says; they do not show, and are delivered all the same.
  public var inapplicable: [String] = []
  /// Edits that came to nothing and were taken back, until they are acknowledged.
  public var notices: [EditNotice] = []
  /// How many notices were dropped because too many waited to be acknowledged.
  public var droppedNoticeCount = 0
  /// Where this answer comes from.
  public var source = Source.local
  /// Why the server was not heard, when it was asked.
  public var failure: (any Error)?

  public enum Source: Hashable, Sendable {
    case server
    case local
  }

  /// Whether anything is known: what the server said, or what was made here.
  public var isKnown: Bool { heardAt != nil || !pending.isEmpty || base != nil }
}
