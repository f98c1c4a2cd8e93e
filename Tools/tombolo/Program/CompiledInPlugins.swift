import TomboloComposition

/// The plugins of the running program: the standard ones, and those its `main` registered beside them.
///
/// Commands are made by the argument parser, which hands them nothing but their arguments; so the registry travels with
/// the task that runs the command.
enum CompiledInPlugins {
  /// What ``AgentProgram/run(adding:)`` registered; nil outside of it, as in a test of one command.
  @TaskLocal static var registered: PluginRegistry?

  static func registry() throws -> PluginRegistry {
    try registered ?? StandardPlugins.registry()
  }
}
