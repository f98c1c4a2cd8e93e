#if Agent
  import StrangersStorage
  import TomboloProgram

  await AgentProgram.run { registry in
    try registry.register(SnapshotStorePlugin.self)
  }
#else
  print("The agent is not compiled in; build it with: swift build --traits Agent")
#endif
