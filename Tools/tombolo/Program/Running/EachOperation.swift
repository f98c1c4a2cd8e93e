import TomboloPorts

/// Does the same to several operations: one that fails holds up no other.
enum EachOperation {
  /// Prints the line that `body` answers with for each, or why it failed; throws at the end when any did.
  static func `do`(_ ids: [OperationID], _ body: (OperationID) async throws -> String) async throws {
    var failedCount = 0
    for id in ids {
      do {
        Output.line(try await body(id))
      } catch let error as CancellationError {
        throw error
      } catch {
        failedCount += 1
        let text = "\(error)"
        Output.error("tombolo: \(text.contains("\(id)") ? text : "\(id): \(text)")")
      }
    }
    if failedCount > 0 { throw CommandError(.reported, "\(failedCount) of \(ids.count) failed") }
  }
}
