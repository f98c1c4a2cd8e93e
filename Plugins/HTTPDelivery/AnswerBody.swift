import AsyncHTTPClient
import NIOCore

/// The body of an answer, read within limits of size and time.
struct AnswerBody: Sendable {
  var bytes: [UInt8] = []
  var isComplete = false

  /// Reads until the end, `bytesMaximum` or the end of the time. The status has been told by then, and it is what counts,
  /// so a body that breaks off or never ends is no failure, only not complete.
  ///
  /// Reading to the end is also what lets the connection be used again.
  ///
  /// - Throws: `CancellationError` alone.
  static func read(
    _ body: HTTPClientResponse.Body, bytesMaximum: Int, within limit: Duration
  ) async throws -> AnswerBody {
    try await withThrowingTaskGroup(of: AnswerBody?.self) { group in
      group.addTask { await collect(body, bytesMaximum: bytesMaximum) }
      group.addTask {
        try await ContinuousClock().sleep(for: limit)
        return nil
      }
      let first = try await group.next() ?? nil
      group.cancelAll()
      try Task.checkCancellation()
      return first ?? AnswerBody()
    }
  }

  private static func collect(_ body: HTTPClientResponse.Body, bytesMaximum: Int) async -> AnswerBody {
    var answer = AnswerBody()
    do {
      for try await chunk in body {
        let room = bytesMaximum - answer.bytes.count
        answer.bytes += chunk.readableBytesView.prefix(room)
        if chunk.readableBytes > room { return answer }
      }
      answer.isComplete = true
    } catch {
      // What came until here is all there will be; `isComplete` says so.
      answer.isComplete = false
    }
    return answer
  }
}
