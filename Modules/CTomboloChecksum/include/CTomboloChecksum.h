#ifndef C_TOMBOLO_CHECKSUM_H
#define C_TOMBOLO_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor has an instruction for CRC32C, and this was built for a kind of processor that may.
bool tombolo_crc32c_is_available(void);

/// Goes on with the checksum `value`, neither inverted before nor after, over `count` bytes. Only where
/// `tombolo_crc32c_is_available` answers true.
uint32_t tombolo_crc32c(uint32_t value, const uint8_t *bytes, size_t count);

#endif
