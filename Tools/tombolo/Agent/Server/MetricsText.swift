import TomboloPorts
import TomboloQueue

/// What `GET /metrics` answers: the text format of Prometheus, version 0.0.4.
///
/// | name | type | labels |
/// |---|---|---|
/// | `tombolo_operations` | gauge | `state`: each in which an operation can be waiting |
/// | `tombolo_operations_settled_total` | counter | `outcome`: delivered, discarded, expired, superseded; since the store was made |
/// | `tombolo_queue_payload_bytes` | gauge | |
/// | `tombolo_oldest_pending_seconds` | gauge | |
/// | `tombolo_delivery_attempts_total` | counter | |
/// | `tombolo_delivery_retries_total` | counter | |
/// | `tombolo_network_status` | gauge | `status`: 1 for the present one, 0 for the others |
/// | `process_start_time_seconds` | gauge | |
///
/// With policies around the delivery also:
///
/// | name | type | labels |
/// |---|---|---|
/// | `tombolo_circuit_breaker_state` | gauge | `name`, `state`: 1 for the present one, 0 for the others |
/// | `tombolo_circuit_breaker_openings_total` | counter | `name` |
/// | `tombolo_retry_budget_balance` | gauge | `name`: repetitions that could be made now |
/// | `tombolo_policy_refusals_total` | counter | `policy`, `name`: deliveries that were held back |
/// | `tombolo_policy_retries_total` | counter | `name`: repeated tries within an attempt |
struct MetricsText: CustomStringConvertible {
  private(set) var description = ""

  init(
    queue: WireQueueStatus, network: NetworkStatus.Condition, summary: ProcessingSummary, startedAt: Timestamp,
    resilience: WireResilience? = nil
  ) {
    let waiting: KeyValuePairs = [
      OperationState.pending: queue.pending, .delivering: queue.delivering, .retrying: queue.retrying,
      .blocked: queue.blocked, .parked: queue.parked, .deadLettered: queue.deadLettered,
    ]
    add("tombolo_operations", "gauge", "Operations that are not settled, by state.")
    for (state, count) in waiting { add("tombolo_operations", ("state", state.rawValue), "\(count)") }

    let settled: KeyValuePairs = [
      OperationState.delivered: queue.delivered, .discarded: queue.discarded, .expired: queue.expired,
      .superseded: queue.superseded,
    ]
    add("tombolo_operations_settled_total", "counter", "Operations that are settled, since the store was made.")
    for (state, count) in settled {
      add("tombolo_operations_settled_total", ("outcome", state.rawValue), "\(count)")
    }

    add("tombolo_queue_payload_bytes", "gauge", "Payload bytes of the operations that are not settled.")
    add("tombolo_queue_payload_bytes", nil, "\(queue.bytes)")
    add("tombolo_oldest_pending_seconds", "gauge", "How long the longest waiting operation has been waiting.")
    add("tombolo_oldest_pending_seconds", nil, "\(queue.oldestPendingSeconds ?? 0)")
    add("tombolo_delivery_attempts_total", "counter", "Calls of a delivery handler, since the start.")
    add("tombolo_delivery_attempts_total", nil, "\(summary.attempted)")
    add("tombolo_delivery_retries_total", "counter", "Attempts that failed and are repeated, since the start.")
    add("tombolo_delivery_retries_total", nil, "\(summary.retried)")

    add("tombolo_network_status", "gauge", "Whether the outside can be reached: 1 for the present status.")
    for condition in NetworkStatus.Condition.allCases {
      add("tombolo_network_status", ("status", condition.rawValue), condition == network ? "1" : "0")
    }
    add("process_start_time_seconds", "gauge", "When the agent's interface was made, in seconds since 1970.")
    add("process_start_time_seconds", nil, "\(Double(startedAt.millisecondsSinceEpoch) / 1_000)")
    if let resilience { add(resilience) }
  }

  mutating func add(_ name: String, _ type: String, _ help: String) {
    description += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  private mutating func add(_ name: String, _ label: (name: String, value: String)?, _ value: String) {
    add(name, labels: [label].compactMap { $0 }, value)
  }

  /// The values of labels are words of this program, or names that its configuration lets be of plain letters only: nothing
  /// to escape.
  mutating func add(_ name: String, labels: [(name: String, value: String)], _ value: String) {
    let text = labels.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
    description += "\(name)\(text.isEmpty ? "" : "{\(text)}") \(value)\n"
  }
}
