#ifndef C_SQLITE_STORAGE_H
#define C_SQLITE_STORAGE_H

/// A file system layer for `sqlite3_open_v2` that writes the frames of a transaction to the write-ahead log together, where SQLite's own makes
/// two calls for each page. Everything else it leaves to the system's layer, which other connections to the same database may use.
///
/// Answers with its name, which never changes, or with null when SQLite has no memory for it, or no layer of its own.
const char *tombolo_sqlite_gathering_layer(void);

#endif
