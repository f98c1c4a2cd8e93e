import TomboloTesting

extension TemporaryFolder {
  /// The database a `SQLiteStore` keeps in it.
  var database: String { "\(path)/tombolo.sqlite" }
}
