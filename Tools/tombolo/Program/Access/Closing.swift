/// Closes what was opened for a piece of work, on every path.
enum Closing {
  /// Runs `close` after `body`, whatever came of it; the error of `body` is the one that counts.
  static func after<Result>(
    _ body: () async throws -> Result, close: () async throws -> Void
  ) async throws -> Result {
    let result: Result
    do {
      result = try await body()
    } catch {
      do { try await close() } catch let later { Output.error("tombolo: closing failed, too: \(later)") }
      throw error
    }
    try await close()
    return result
  }
}
