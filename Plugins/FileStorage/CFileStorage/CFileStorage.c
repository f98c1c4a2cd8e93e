#ifdef __linux__
// The call is one of Linux alone, which Swift does not import.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#endif

#include "CFileStorage.h"

int tombolo_file_begin_writing(int file, int64_t offset, int64_t byteCount) {
#ifdef __linux__
  return sync_file_range(file, offset, byteCount, SYNC_FILE_RANGE_WRITE) == 0 ? 0 : errno;
#else
  (void)file;
  (void)offset;
  (void)byteCount;
  return 0;
#endif
}
