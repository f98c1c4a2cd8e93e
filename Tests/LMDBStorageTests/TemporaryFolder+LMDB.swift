import TomboloTesting

extension TemporaryFolder {
  /// The database an `LMDBStore` keeps in it.
  var database: String { "\(path)/tombolo.lmdb" }
}
