import Foundation
import StorageEncryption
import Testing
import TomboloPorts

@Suite struct EncryptionKeyFileTests {
  private let path = FileManager.default.temporaryDirectory.appending(path: "tombolo-key-\(UUID().uuidString)").path

  private func write(_ bytes: [UInt8], permissions: Int = 0o600) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
  }

  private func write(_ text: String, permissions: Int = 0o600) throws {
    try write(Array(text.utf8), permissions: permissions)
  }

  private func remove() throws { try FileManager.default.removeItem(atPath: path) }

  @Test("a generated file is read again, belongs to its owner alone, and is never replaced")
  func generated() async throws {
    let id = try EncryptionKeyFile.generate(path)
    defer { try? remove() }
    #expect(try EncryptionKeyFile.read(path).current.id == id)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let error = try await failure { try EncryptionKeyFile.generate(path) }
    #expect(error.message.contains("not replaced"))
    #expect(try EncryptionKeyFile.read(path).current.id == id)
  }

  @Test("base64, hexadecimal and raw bytes name the same key; the first line is the current one")
  func formats() throws {
    let bytes = (0..<32).map { UInt8($0 * 7) }
    let hexadecimal = bytes.map { String(format: "%02x", $0) }.joined()
    let id = try EncryptionKey(bytes: bytes).id
    defer { try? remove() }
    for text in ["\(Data(bytes).base64EncodedString())\n", hexadecimal, "# made in May\r\n\n  \(hexadecimal)  \r\n"] {
      try write(text)
      #expect(try EncryptionKeyFile.read(path).current.id == id)
    }
    try write(bytes)
    #expect(try EncryptionKeyFile.read(path).current.id == id)
    let other = Data((0..<32).map { UInt8($0) }).base64EncodedString()
    try write("\(other)\n\(hexadecimal)\n")
    let keys = try EncryptionKeyFile.read(path)
    #expect(keys.current.id != id)
    #expect(keys.older.map(\.id) == [id])
  }

  @Test(
    "what is no key is refused with its line, and never shown",
    arguments: ["", "# nothing\n", "hunter2\n", String(repeating: "ab", count: 31), String(repeating: "é", count: 32)])
  func refused(text: String) async throws {
    try write(text)
    defer { try? remove() }
    let error = try await failure { try EncryptionKeyFile.read(path) }
    #expect(error.code == .inaccessible)
    #expect(error.message.contains(path) && error.message.contains("generate-key"))
    #expect(!error.message.contains("hunter2"))
  }

  @Test("a file that others may write is refused, one that others may read is warned of")
  func permissions() async throws {
    let text = String(repeating: "ab", count: 32)
    defer { try? remove() }
    try write(text, permissions: 0o620)
    #expect(try await failure { try EncryptionKeyFile.read(path) }.message.contains("chmod 600"))
    try write(text, permissions: 0o640)
    var warnings: [String] = []
    _ = try EncryptionKeyFile.read(path) { warnings.append($0) }
    #expect(warnings.count == 1)
    try write(text, permissions: 0o600)
    _ = try EncryptionKeyFile.read(path) { warnings.append($0) }
    #expect(warnings.count == 1)
  }

  @Test("the same key twice, a folder, and no file are refused")
  func others() async throws {
    let text = String(repeating: "ab", count: 32)
    try write("\(text)\n\(text)\n")
    #expect(try await failure { try EncryptionKeyFile.read(path) }.message.contains("twice"))
    try remove()
    #expect(try await failure { try EncryptionKeyFile.read(path) }.message.contains(path))
    #expect(try await failure { try EncryptionKeyFile.read("/") }.code == .inaccessible)
  }
}
