public import TomboloPorts

/// Where storage keeps what it has to say about a store, in the key space of that store.
///
/// These keys begin with a zero byte and a long name. Layers begin theirs with a tag of their own, which is never zero, so
/// the two cannot meet.
public enum ReservedKeys {
  /// Every reserved key begins with it.
  public static let prefix = Key([0] + Array("tombolo.storage/".utf8))

  /// The progress of a migration into this store. It is there from the first chunk until the copy is verified.
  public static let migration = key("migration")

  /// Which encryption keys the values of this store need. It is there from the moment encryption is first used.
  ///
  /// A store that has this record must not be used without encryption.
  public static let encryption = key("encryption")

  private static func key(_ name: String) -> Key { Key(prefix.bytes + Array(name.utf8)) }
}
