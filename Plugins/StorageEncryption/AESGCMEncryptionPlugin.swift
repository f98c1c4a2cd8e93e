#if Encryption
  public import TomboloPorts

  /// `storage: { encryption: { type: aes-gcm, keyFile: ./key } }`
  public enum AESGCMEncryptionPlugin: EncryptionPlugin {
    public static let identifier = PluginIdentifier(.encryption, "aes-gcm")
    public static let summary = "AES-256-GCM of all values; the keys of records stay readable."
    public static let options = [
      OptionDeclaration(
        "keyFile", .string, isRequired: true,
        help: "A file with a key a line, the current one first; `tombolo storage generate-key FILE` makes one.")
    ]

    public static func make(_ options: PluginOptions, in context: PluginContext) async throws -> StoreDecorator {
      let keys = try EncryptionKeyFile.read(try options.string("keyFile"), warn: context.warn)
      return StoreDecorator { store in try await EncryptedStore.open(store, keys: keys) }
    }
  }
#endif
