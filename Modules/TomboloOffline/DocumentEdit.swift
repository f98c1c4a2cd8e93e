public import TomboloQueue

/// One intended change to a document: a command that can also be applied here, so that its effect shows before the server
/// has it, and again over whatever the server says meanwhile.
///
///     struct SetCurrency: DocumentEdit {
///       static let kind = "preferences.setCurrency"
///       var userID: String, currency: String
///       var documentID: String { userID }
///       func apply(to preferences: inout Preferences?) {
///         preferences = preferences ?? Preferences()
///         preferences?.currency = currency
///       }
///     }
///
/// Whose document it is stands in the edit, never in the service that takes it.
public protocol DocumentEdit: SyncCommand {
  associatedtype Document: OfflineDocument

  /// Which document of its type it changes.
  var documentID: String { get }
  /// Edits with one ordering key reach the server in the order they were made. By default the document's own.
  var orderingKey: String { get }
  /// Makes the change. Called again and again over different states, so it depends on nothing else. Throwing refuses the
  /// edit when it is made, and leaves it out of the shown state when the server's state no longer allows it.
  func apply(to document: inout Document?) throws
  /// The edit of the same shape that leaves the document as it is: what `ThreeWayMergeConflictResolver` compares with. `nil`, as
  /// by default, where edits are not merged. Called with the document as it is shown when the edit is made.
  func base(over document: Document?) -> Self?
}

extension DocumentEdit {
  public func base(over document: Document?) -> Self? { nil }

  public var orderingKey: String { "\(Document.documentType)/\(documentID)" }
}
