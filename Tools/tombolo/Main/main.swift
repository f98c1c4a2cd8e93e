import TomboloProgram

await AgentProgram.run()
