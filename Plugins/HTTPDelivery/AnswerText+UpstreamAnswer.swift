import TomboloPorts

extension AnswerText {
  /// `the upstream answered 500 Internal Server Error: out of memory`, with what can be read of the body.
  func describe(_ answer: UpstreamAnswer, to operation: SyncOperation) -> String {
    let status = "\(answer.status)\(answer.reason.isEmpty ? "" : " \(answer.reason)")"
    let text = Self.isText(answer.mediaType) ? String(decoding: answer.body, as: UTF8.self) : ""
    return describe(status, text, to: operation)
  }

  private static func isText(_ mediaType: String) -> Bool {
    mediaType.hasPrefix("text/") || mediaType.hasSuffix("+json") || mediaType.hasSuffix("+xml")
      || ["application/json", "application/xml"].contains(mediaType)
  }
}
