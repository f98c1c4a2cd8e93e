@testable import TomboloQueue

extension QueueEngine {
  /// Has the requests of several callers processed as one group, and tells what each of them got.
  func process(_ requests: [QueueRequest]) async throws -> [Result<QueueAnswer, any Error>] {
    let submitted = requests.map { SubmittedRequest([$0]) }
    var parts: [SubmittedRequest.Part] = []
    for one in submitted { one.append(to: &parts) }
    try await process(parts)
    return submitted.flatMap { $0.results() }
  }
}
