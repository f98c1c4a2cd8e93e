#ifndef C_SQLITE_STORAGE_H
#define C_SQLITE_STORAGE_H

struct sqlite3;

/// The name of a file system layer for `sqlite3_open_v2`, by which `tombolo_sqlite_gather` has an effect. Everything else is left to SQLite's
/// own layer, which other connections to the same database may use.
///
/// Null when SQLite has no memory for it, or a default layer that is not one of its own for Unix.
const char *tombolo_sqlite_gathering_layer(void);

/// Call with 1 just before COMMIT is run, and with 0 once it was: the pages of the transaction go to the journal (SQLite's write-ahead log)
/// together, up to 124 KiB by a call, where SQLite makes two for each of them. They are in the file before it is flushed, and before anybody is told of them; an
/// error is one of COMMIT. Without effect on a connection that was opened without the layer, or has no journal.
void tombolo_sqlite_gather(struct sqlite3 *database, int isCommitting);

#endif
