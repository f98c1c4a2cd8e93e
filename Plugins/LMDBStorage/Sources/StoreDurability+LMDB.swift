import CLMDB
import TomboloPorts

extension StoreDurability {
  /// The flags of an environment that give this level.
  ///
  /// LMDB writes the pages of a commit, flushes them, and then writes the meta page that makes them count, which is flushed
  /// too. Without the second flush (`MDB_NOMETASYNC`) a power cut may undo the last commit, but never damages, because the
  /// pages of the last two states are not reused; so it is `normal`, at one flush a commit. Without both (`MDB_NOSYNC`) the
  /// meta page may reach the disk before its pages, which is damage: only `none` may take that. A writable map is never
  /// used: a stray pointer of the program would write into the database.
  var environmentFlags: Int32 {
    switch self {
    case .full: 0
    case .normal: MDB_NOMETASYNC
    case .none: MDB_NOSYNC
    }
  }
}
