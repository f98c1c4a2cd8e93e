public import TomboloQueue

/// How an edit was written.
public enum WritingOutcome: Sendable {
  /// The server has it. When its answer could not be stored here, with why: the document is as it was until it is read from
  /// the server again.
  case delivered(notStored: (any Error)?)
  /// It shows here, and its operation is queued; with why it was not sent at once.
  case queued(EnqueueReceipt, QueueingReason)
}

/// Why an edit was queued instead of sent at once.
public enum QueueingReason: Sendable {
  /// The network is known to be down.
  case offline
  /// Earlier operations of the same ordering key are queued, and must not be overtaken.
  case notOvertaking
  /// The queue knows an edit of this identity, waiting or ended: nothing is sent or stored again.
  case repeated
  /// It was tried, and failed in a way that may pass; with `CancellationError` where its writer was cancelled and the call gave up.
  case failed(any Error)
}
