import TomboloComposition
import TomboloPorts
import TomboloQueue

/// What speaks against the engine that a store has, once it holds as much as it does.
struct StorageAdvice: Sendable {
  private let storage: ChosenStorage
  private let advisor: StorageAdvisor

  init(_ storage: ChosenStorage, _ registry: PluginRegistry) {
    self.storage = storage
    advisor = StorageAdvisor(registry)
  }

  /// A sentence that names a better engine, why, and the command that moves there; `nil` when there is nothing to say.
  /// Nothing is ever moved by itself.
  @Sendable func text(_ status: QueueStatus) -> String? {
    let engine = storage.settings.engine.identifier.name
    var facts = storage.facts
    facts.operationCount = status.waiting + status.parked + status.deadLettered
    facts.byteCount = status.byteCount
    guard let advice = advisor.objection(to: engine, facts) else { return nil }
    return "\(advice.engine) would suit better: \(advice.reason). To move, with the agent stopped: "
      + "`tombolo storage migrate --from FILE --to FILE`, where the second file names type: \(advice.engine) and another path"
  }
}
