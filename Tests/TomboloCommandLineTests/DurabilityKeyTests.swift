import Testing
import TomboloComposition

@testable import TomboloProgram

@Suite("queue.durability that no commit of the storage can reach is refused before anything is opened")
struct DurabilityKeyTests {
  private func problems(_ overrides: String...) throws -> [ConfigurationProblem] {
    let loader = ConfigurationLoader(registry: try StandardPlugins.registry())
    do {
      _ = try loader.load(overrides: ["delivery={type: http, baseURL: 'https://example.org'}"] + overrides)
      return []
    } catch {
      return error.problems
    }
  }

  @Test("Of a storage that is set to none", arguments: ["file", "sqlite", "lmdb", "auto"])
  func setToNone(type: String) throws {
    let storage = "storage={type: \(type), durability: none}"
    let problem = try #require(try problems(storage, "queue.durability=normal").first)
    #expect(problem.path == "queue.durability" && problem.code == .conflict)
    #expect(problem.message.contains("storage.durability is none"), "\(problem)")
    #expect(problem.message.contains("set storage.durability to full or normal"), "\(problem)")
    #expect(problem.origin != nil)
    #expect(try problems(storage, "queue.durability=none").isEmpty)
    #expect(try problems(storage).isEmpty)
  }

  @Test(
    "What a request asks for is met by a storage that is set to less", arguments: ["file", "sqlite", "lmdb", "auto"])
  func setToLess(type: String) throws {
    #expect(try problems("storage={type: \(type), durability: normal}", "queue.durability=full").isEmpty)
  }

  @Test("Of a storage in memory")
  func memory() throws {
    let problem = try #require(try problems("storage.type=memory", "queue.durability=full").first)
    #expect(problem.message.contains("storage.type is memory"), "\(problem)")
    #expect(problem.message.contains("choose another storage.type"), "\(problem)")
  }
}
