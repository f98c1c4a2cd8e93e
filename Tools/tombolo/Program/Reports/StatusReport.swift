import TomboloAgent

/// What `tombolo status` tells; with `--json` in the keys of `GET /v1/status` and, before them, the agent.
struct StatusReport: Encodable {
  /// Where the agent answers; `nil` when none runs.
  var agent: String?
  /// `nil` when no agent runs: nobody watches the network then.
  var network: WireNetworkStatus?
  var queue: WireQueueStatus
  var storage: StorageDescription
  /// `nil` when no agent runs, or when there are no policies around the delivery.
  var resilience: WireResilience?

  private enum CodingKeys: String, CodingKey { case agent, network, queue, storage, resilience }

  /// Writes every key, as `null` where there is nothing.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(agent, forKey: .agent)
    try container.encode(network, forKey: .network)
    try container.encode(queue, forKey: .queue)
    try container.encode(storage, forKey: .storage)
    try container.encode(resilience, forKey: .resilience)
  }
}
