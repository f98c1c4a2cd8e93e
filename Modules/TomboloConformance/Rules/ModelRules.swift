/// Random commands, on the store and on a model of it.
enum ModelRules {
  static let all: [ConformanceRule] = []
}
