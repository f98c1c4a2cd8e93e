import ArgumentParser
import StorageEncryption
import TomboloComposition
import TomboloPorts

/// `tombolo storage generate-key`.
struct StorageGenerateKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate-key",
    abstract: "Makes a key file for `storage: { encryption: { keyFile: FILE } }`.",
    discussion: "Keep a copy elsewhere: without the key, nobody can read the store.")

  @Argument(help: "The file; one that is there is never replaced.")
  var file: String

  func run() throws {
    let id = try EncryptionKeyFile.generate(file)
    Output.line("made \(file) with the key \(id)")
  }
}

/// `tombolo storage rotate-key`.
struct StorageRotateKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-key",
    abstract: "Encrypts everything in a store with the first key of its key file.",
    discussion: """
      Put the new key on a line above the old one, run this, then remove the old one. A run that was interrupted is simply \
      run again; until it has ended, both keys are needed.
      """)

  @OptionGroup var options: ConfigurationOptions

  func run() async throws {
    let settings = try options.loadStorage()
    guard settings.encryption != nil else {
      throw CommandError(
        .usage,
        "the config has no storage.encryption, so there is no key to rotate; to encrypt a plain store, move it with "
          + "`tombolo storage migrate` into one that has it")
    }
    try await StorageDoor(settings: settings).open { store in
      guard let store = store as? EncryptedStore else {
        throw CommandError(.failed, "the encryption of this store cannot rotate its keys")
      }
      let rotation = try await store.rotate()
      Output.line(
        "\(rotation.recordCountRewritten) of \(rotation.recordCount) records encrypted anew; all are under the key "
          + "\(rotation.key), and older keys may be removed from the key file")
    }
  }
}
