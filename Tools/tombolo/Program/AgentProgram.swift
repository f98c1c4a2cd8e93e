import ArgumentParser
public import TomboloComposition

/// The `tombolo` program as a library, so that a package of one's own can build it with further plugins.
///
/// ```swift
/// import TomboloProgram
///
/// await AgentProgram.run { registry in
///   try registry.register(MyStoragePlugin.self)
/// }
/// ```
public enum AgentProgram {
  /// Parses the command line, runs the command, and ends the process with exit status 0 (done), 1 (failed) or 2 (wrong
  /// usage or configuration). What went wrong goes to standard error.
  ///
  /// - Parameter register: Registers plugins beside the ones that come with the program (`tombolo plugins` lists them).
  ///   What it throws, such as a name that is taken, ends the process before anything is opened.
  public static func run(
    adding register: (inout PluginRegistry) throws -> Void = { _ in }
  ) async {
    do {
      var registry = try StandardPlugins.registry()
      try register(&registry)
      try await CompiledInPlugins.$registered.withValue(registry) {
        var command = try TomboloCommand.parseAsRoot()
        if var command = command as? any AsyncParsableCommand {
          try await command.run()
        } else {
          try command.run()
        }
      }
    } catch {
      ExitReport(error).exit()
    }
  }
}
