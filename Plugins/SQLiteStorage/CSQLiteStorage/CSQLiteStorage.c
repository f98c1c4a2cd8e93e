#include "CSQLiteStorage.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

enum {
  // A frame of the journal is a header and a page behind it. The header of a transaction's last frame alone has something else than zero in its
  // second word, the size of the database: https://www.sqlite.org/fileformat2.html#walformat
  HEADER_BYTE_COUNT = 24,
  DATABASE_SIZE_OFFSET = 4,
  DATABASE_SIZE_BYTE_COUNT = 4,
  // SQLite's layer for Unix writes at most 128 KiB less one byte in a call.
  KEPT_BYTE_COUNT_MAXIMUM = 124 * 1024
};

/// The journal of one connection. The file of the layer below lies behind it.
///
/// That SQLite writes a header and its page by a call each is nowhere promised. So nothing is kept but a header, and what continues it: however
/// it writes, what is no such thing goes to the file at once, behind what was kept before it.
typedef struct {
  sqlite3_file base;
  /// Whether COMMIT is under way, and its last page has not come yet. Nothing is kept outside of that: what a transaction writes before
  /// its end may be taken back, and another process may then write in its place.
  int isGathering;
  /// Whether a header was the last to be kept.
  int isHeaderKept;
  /// Whether that header is of the last page.
  int isLast;
  int keptByteCount;
  /// Where what was kept belongs.
  sqlite3_int64 offset;
  /// Room for `KEPT_BYTE_COUNT_MAXIMUM` bytes; null without memory.
  char *kept;
} Journal;

static sqlite3_vfs *below;
static sqlite3_vfs layer;

static sqlite3_file *inner(sqlite3_file *file) { return (sqlite3_file *)((Journal *)file + 1); }

static const sqlite3_io_methods *methods(sqlite3_file *file) { return inner(file)->pMethods; }

static int writeKept(sqlite3_file *file) {
  Journal *journal = (Journal *)file;
  int byteCount = journal->keptByteCount;
  // Also when it fails, because COMMIT does then, and SQLite takes the transaction back.
  journal->keptByteCount = 0;
  return byteCount == 0 ? SQLITE_OK : methods(file)->xWrite(inner(file), journal->kept, byteCount, journal->offset);
}

static int isNonzero(const char *bytes, int count) {
  for (int index = 0; index < count; index++) {
    if (bytes[index] != 0) return 1;
  }
  return 0;
}

static int journalWrite(sqlite3_file *file, const void *bytes, int byteCount, sqlite3_int64 offset) {
  Journal *journal = (Journal *)file;
  int continues = journal->keptByteCount > 0 && offset == journal->offset + journal->keptByteCount;
  int isPage = continues && journal->isHeaderKept;
  int isHeader = !isPage && byteCount == HEADER_BYTE_COUNT;
  int isKept = journal->isGathering && (isPage || isHeader) && byteCount <= KEPT_BYTE_COUNT_MAXIMUM;
  if (!isKept || !continues || byteCount > KEPT_BYTE_COUNT_MAXIMUM - journal->keptByteCount) {
    int result = writeKept(file);
    if (result != SQLITE_OK) return result;
  }
  if (!isKept) return methods(file)->xWrite(inner(file), bytes, byteCount, offset);
  if (journal->keptByteCount == 0) journal->offset = offset;
  memcpy(journal->kept + journal->keptByteCount, bytes, byteCount);
  journal->keptByteCount += byteCount;
  journal->isHeaderKept = isHeader;
  if (isHeader) journal->isLast = isNonzero((const char *)bytes + DATABASE_SIZE_OFFSET, DATABASE_SIZE_BYTE_COUNT);
  if (isHeader || !journal->isLast) return SQLITE_OK;
  journal->isGathering = 0;
  return writeKept(file);
}

static int journalRead(sqlite3_file *file, void *bytes, int byteCount, sqlite3_int64 offset) {
  int result = writeKept(file);
  return result == SQLITE_OK ? methods(file)->xRead(inner(file), bytes, byteCount, offset) : result;
}

static int journalTruncate(sqlite3_file *file, sqlite3_int64 byteCount) {
  int result = writeKept(file);
  return result == SQLITE_OK ? methods(file)->xTruncate(inner(file), byteCount) : result;
}

static int journalSync(sqlite3_file *file, int flags) {
  int result = writeKept(file);
  return result == SQLITE_OK ? methods(file)->xSync(inner(file), flags) : result;
}

static int journalFileSize(sqlite3_file *file, sqlite3_int64 *byteCount) {
  int result = writeKept(file);
  return result == SQLITE_OK ? methods(file)->xFileSize(inner(file), byteCount) : result;
}

static int journalClose(sqlite3_file *file) {
  sqlite3_free(((Journal *)file)->kept);
  return methods(file)->xClose(inner(file));
}

static int journalLock(sqlite3_file *file, int level) { return methods(file)->xLock(inner(file), level); }

static int journalUnlock(sqlite3_file *file, int level) { return methods(file)->xUnlock(inner(file), level); }

static int journalCheckReservedLock(sqlite3_file *file, int *isReserved) {
  return methods(file)->xCheckReservedLock(inner(file), isReserved);
}

static int journalFileControl(sqlite3_file *file, int operation, void *argument) {
  return methods(file)->xFileControl(inner(file), operation, argument);
}

static int journalSectorSize(sqlite3_file *file) { return methods(file)->xSectorSize(inner(file)); }

static int journalDeviceCharacteristics(sqlite3_file *file) { return methods(file)->xDeviceCharacteristics(inner(file)); }

static const sqlite3_io_methods journalMethods = {
    .iVersion = 1,
    .xClose = journalClose,
    .xRead = journalRead,
    .xWrite = journalWrite,
    .xTruncate = journalTruncate,
    .xSync = journalSync,
    .xFileSize = journalFileSize,
    .xLock = journalLock,
    .xUnlock = journalUnlock,
    .xCheckReservedLock = journalCheckReservedLock,
    .xFileControl = journalFileControl,
    .xSectorSize = journalSectorSize,
    .xDeviceCharacteristics = journalDeviceCharacteristics,
};

static int openFile(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *outFlags) {
  (void)vfs;
  if (!(flags & SQLITE_OPEN_WAL)) return below->xOpen(below, name, file, flags, outFlags);
  Journal *journal = (Journal *)file;
  memset(journal, 0, sizeof(Journal));
  int result = below->xOpen(below, name, inner(file), flags, outFlags);
  // SQLite closes what has methods, whether it was opened or not.
  if (methods(file) == NULL) return result;
  journal->base.pMethods = &journalMethods;
  journal->kept = sqlite3_malloc(KEPT_BYTE_COUNT_MAXIMUM);
  return result;
}

static void registerLayer(void) {
  if (sqlite3_initialize() != SQLITE_OK) return;
  sqlite3_vfs *found = sqlite3_vfs_find(NULL);
  // Those for Unix need nothing of what is passed to them but what they get here; of another one that cannot be known.
  if (found == NULL || strncmp(found->zName, "unix", 4) != 0) return;
  layer = *found;
  // What a later version may have is not copied.
  if (layer.iVersion > 3) layer.iVersion = 3;
  layer.pNext = NULL;
  layer.zName = "tombolo-gathering";
  layer.szOsFile = found->szOsFile + (int)sizeof(Journal);
  layer.xOpen = openFile;
  below = found;
  // Not the default, so that other users of SQLite in this process do not meet it.
  if (sqlite3_vfs_register(&layer, 0) != SQLITE_OK) below = NULL;
}

const char *tombolo_sqlite_gathering_layer(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, registerLayer);
  // Whoever has given SQLite another default since wants the writing connection on that one, too, as all others are.
  return below != NULL && sqlite3_vfs_find(NULL) == below ? layer.zName : NULL;
}

void tombolo_sqlite_gather(struct sqlite3 *database, int isCommitting) {
  sqlite3_file *file = NULL;
  if (database == NULL) return;
  if (sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK) return;
  if (file == NULL || file->pMethods != &journalMethods) return;
  Journal *journal = (Journal *)file;
  journal->isGathering = isCommitting && journal->kept != NULL;
  // Nothing is left of a transaction that was committed, and what failed was taken back. A COMMIT that waited in vain for a lock, and may be run
  // again, has written nothing.
  journal->keptByteCount = 0;
}
