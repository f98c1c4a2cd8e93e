#include "CSQLiteStorage.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

// What was learned from https://www.sqlite.org/fileformat2.html#walformat: a frame is a header of 24 bytes and a page behind it, and the
// header of a transaction's last frame has the size of the database, which is never zero, in its second word.
enum {
  FRAME_HEADER_BYTE_COUNT = 24,
  DATABASE_SIZE_OFFSET = 4,
  DATABASE_SIZE_BYTE_COUNT = 4,
  // SQLite's layer for Unix writes at most 128 KiB less one byte in a call.
  CAPACITY = 124 * 1024
};

/// The log of one connection. The file of the layer below lies behind it.
///
/// A write that begins where the last one ended is kept, until that of a transaction's last page: then all that was kept is written, so that a
/// transaction is in the file before SQLite flushes it, and before it tells anybody of it. A write that begins elsewhere is made at once.
/// Every other call finds what was kept written.
typedef struct {
  sqlite3_file base;
  /// Room for `CAPACITY` bytes; null where nothing is kept.
  char *kept;
  int keptByteCount;
  sqlite3_int64 start;
  /// Where the last write ended.
  sqlite3_int64 end;
  /// Whether the page that comes is the last of its transaction.
  int isLast;
} Log;

static sqlite3_vfs *below;
static sqlite3_vfs layer;

static sqlite3_file *inner(sqlite3_file *file) { return (sqlite3_file *)((Log *)file + 1); }

static const sqlite3_io_methods *methods(sqlite3_file *file) { return inner(file)->pMethods; }

static int writeKept(sqlite3_file *file) {
  Log *log = (Log *)file;
  int byteCount = log->keptByteCount;
  // Also when it fails: SQLite takes the transaction back.
  log->keptByteCount = 0;
  return byteCount == 0 ? SQLITE_OK : methods(file)->xWrite(inner(file), log->kept, byteCount, log->start);
}

static int isNonzero(const char *bytes, int count) {
  for (int index = 0; index < count; index++) {
    if (bytes[index] != 0) return 1;
  }
  return 0;
}

static int logWrite(sqlite3_file *file, const void *bytes, int byteCount, sqlite3_int64 offset) {
  Log *log = (Log *)file;
  int continues = log->kept != NULL && offset == log->end;
  if (!continues || byteCount > CAPACITY - log->keptByteCount) {
    int result = writeKept(file);
    if (result != SQLITE_OK) return result;
  }
  log->end = offset + byteCount;
  int isHeader = byteCount == FRAME_HEADER_BYTE_COUNT;
  if (isHeader) log->isLast = isNonzero((const char *)bytes + DATABASE_SIZE_OFFSET, DATABASE_SIZE_BYTE_COUNT);
  if (!continues || byteCount > CAPACITY) return methods(file)->xWrite(inner(file), bytes, byteCount, offset);
  if (log->keptByteCount == 0) log->start = offset;
  memcpy(log->kept + log->keptByteCount, bytes, byteCount);
  log->keptByteCount += byteCount;
  return log->isLast && !isHeader ? writeKept(file) : SQLITE_OK;
}

static int logRead(sqlite3_file *file, void *bytes, int byteCount, sqlite3_int64 offset) {
  int result = writeKept(file);
  return result == SQLITE_OK ? methods(file)->xRead(inner(file), bytes, byteCount, offset) : result;
}

static int logTruncate(sqlite3_file *file, sqlite3_int64 byteCount) {
  int result = writeKept(file);
  return result == SQLITE_OK ? methods(file)->xTruncate(inner(file), byteCount) : result;
}

static int logSync(sqlite3_file *file, int flags) {
  int result = writeKept(file);
  return result == SQLITE_OK ? methods(file)->xSync(inner(file), flags) : result;
}

static int logFileSize(sqlite3_file *file, sqlite3_int64 *byteCount) {
  int result = writeKept(file);
  return result == SQLITE_OK ? methods(file)->xFileSize(inner(file), byteCount) : result;
}

static int logClose(sqlite3_file *file) {
  // What may still be kept is of a transaction that was not committed.
  sqlite3_free(((Log *)file)->kept);
  return methods(file)->xClose(inner(file));
}

static int logLock(sqlite3_file *file, int level) { return methods(file)->xLock(inner(file), level); }

static int logUnlock(sqlite3_file *file, int level) { return methods(file)->xUnlock(inner(file), level); }

static int logCheckReservedLock(sqlite3_file *file, int *isReserved) {
  return methods(file)->xCheckReservedLock(inner(file), isReserved);
}

static int logFileControl(sqlite3_file *file, int operation, void *argument) {
  return methods(file)->xFileControl(inner(file), operation, argument);
}

static int logSectorSize(sqlite3_file *file) { return methods(file)->xSectorSize(inner(file)); }

static int logDeviceCharacteristics(sqlite3_file *file) { return methods(file)->xDeviceCharacteristics(inner(file)); }

static const sqlite3_io_methods logMethods = {
    .iVersion = 1,
    .xClose = logClose,
    .xRead = logRead,
    .xWrite = logWrite,
    .xTruncate = logTruncate,
    .xSync = logSync,
    .xFileSize = logFileSize,
    .xLock = logLock,
    .xUnlock = logUnlock,
    .xCheckReservedLock = logCheckReservedLock,
    .xFileControl = logFileControl,
    .xSectorSize = logSectorSize,
    .xDeviceCharacteristics = logDeviceCharacteristics,
};

static int openFile(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *outFlags) {
  (void)vfs;
  if (!(flags & SQLITE_OPEN_WAL)) return below->xOpen(below, name, file, flags, outFlags);
  Log *log = (Log *)file;
  memset(log, 0, sizeof(Log));
  int result = below->xOpen(below, name, inner(file), flags, outFlags);
  // SQLite closes what has methods, whether it was opened or not.
  if (methods(file) != NULL) log->base.pMethods = &logMethods;
  // Where a write may damage what lies beside it, SQLite fills the log up to the end of a sector, and divides writes there.
  if (result == SQLITE_OK && logDeviceCharacteristics(file) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) {
    log->kept = sqlite3_malloc(CAPACITY);
  }
  return result;
}

static void registerLayer(void) {
  if (sqlite3_initialize() != SQLITE_OK) return;
  below = sqlite3_vfs_find(NULL);
  if (below == NULL) return;
  layer = *below;
  layer.pNext = NULL;
  layer.zName = "tombolo-gathering";
  layer.szOsFile = below->szOsFile + (int)sizeof(Log);
  layer.xOpen = openFile;
  // Not the default, so that other users of SQLite in this process do not meet it.
  if (sqlite3_vfs_register(&layer, 0) != SQLITE_OK) below = NULL;
}

const char *tombolo_sqlite_gathering_layer(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, registerLayer);
  return below == NULL ? NULL : layer.zName;
}
