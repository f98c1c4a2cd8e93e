#ifndef C_FILE_STORAGE_H
#define C_FILE_STORAGE_H

#include <stdint.h>

/// Has the system begin to move `byteCount` bytes of an open file, written before, to the disk, without waiting until they are there. Nothing is
/// durable by it.
///
/// Answers with an error number, which is not told again by the flush that follows, or with zero: also where the system has no such call.
int tombolo_file_begin_writing(int file, int64_t offset, int64_t byteCount);

#endif
