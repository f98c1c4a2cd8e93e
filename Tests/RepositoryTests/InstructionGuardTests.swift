import Foundation
import Testing

/// `Tools/instructions`, without counting: what it makes of counts.
@Suite("The guard of instructions")
struct InstructionGuardTests {
  private static let noted = "# Swift 0.0-sample\nenqueue\t48000\nenqueue-64\t26000\ndeliver\t87000\n"

  private func compare(_ counted: String, with noted: String) throws -> (status: Int32, errors: String) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tombolo-instructions-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (countedFile, notedFile) = (folder.appending(path: "counted"), folder.appending(path: "noted"))
    try counted.write(to: countedFile, atomically: false, encoding: .utf8)
    try noted.write(to: notedFile, atomically: false, encoding: .utf8)
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = Repository.root.appending(path: "Tools/instructions")
    process.arguments = ["--check", countedFile.path, notedFile.path]
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    _ = try output.fileHandleForReading.readToEnd()
    let text = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: text, as: UTF8.self))
  }

  @Test(
    "what is counted as noted passes, and what was noted a quarter lower fails", arguments: ["48000", "26000", "87000"])
  func lowered(price: String) throws {
    #expect(try compare(Self.noted, with: Self.noted).status == 0)
    let lowered = Self.noted.replacing(price, with: "\((Int(price) ?? 0) * 3 / 4)")
    let (status, errors) = try compare(Self.noted, with: lowered)
    #expect(status == 1)
    #expect(errors.contains("takes a fifth more than was noted"), "\(errors)")
  }

  @Test("a count that is no positive number fails: it would pass for a gain", arguments: ["0", "-5", "", "many"])
  func noNumber(count: String) throws {
    for (counted, noted) in [
      (Self.noted.replacing("26000", with: count), Self.noted),
      (Self.noted, Self.noted.replacing("26000", with: count)),
    ] {
      let (status, errors) = try compare(counted, with: noted)
      #expect(status == 1)
      #expect(errors.contains("'\(count)', not a positive number"), "\(errors)")
    }
  }

  @Test("with another toolchain nothing is compared, which is said and no failure")
  func otherToolchain() throws {
    let (status, errors) = try compare(
      Self.noted.replacing("0.0", with: "0.1"), with: Self.noted.replacing("48000", with: "1"))
    #expect(status == 0)
    #expect(errors.contains("nothing is compared"))
  }

  @Test("the note that is kept here has a positive number for everything that is counted")
  func kept() throws {
    let kept = try Repository.text("Tools/Benchmarks/Results/instructions.tsv")
    #expect(try compare(kept, with: kept).status == 0)
  }
}
