#include "CTomboloChecksum.h"

#include <string.h>

// In C, because Swift has no way to use an instruction that not every processor of its kind has.

#if defined(__x86_64__)

bool tombolo_crc32c_is_available(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2")))
uint32_t tombolo_crc32c(uint32_t value, const uint8_t *bytes, size_t count) {
  uint64_t wide = value;
  for (; count >= 8; bytes += 8, count -= 8) {
    uint64_t next;
    memcpy(&next, bytes, 8);
    wide = __builtin_ia32_crc32di(wide, next);
  }
  value = (uint32_t)wide;
  for (; count > 0; bytes++, count--) value = __builtin_ia32_crc32qi(value, *bytes);
  return value;
}

#elif defined(__aarch64__) && (defined(__APPLE__) || defined(__linux__))

#if defined(__linux__)
#include <sys/auxv.h>

bool tombolo_crc32c_is_available(void) {
  // HWCAP_CRC32 of Linux's arch/arm64/include/uapi/asm/hwcap.h, which not every C library shows.
  return (getauxval(AT_HWCAP) & (1UL << 7)) != 0;
}
#else
bool tombolo_crc32c_is_available(void) { return true; }
#endif

__attribute__((target("crc")))
uint32_t tombolo_crc32c(uint32_t value, const uint8_t *bytes, size_t count) {
  for (; count >= 8; bytes += 8, count -= 8) {
    uint64_t next;
    memcpy(&next, bytes, 8);
    value = __builtin_arm_crc32cd(value, next);
  }
  for (; count > 0; bytes++, count--) value = __builtin_arm_crc32cb(value, *bytes);
  return value;
}

#else

bool tombolo_crc32c_is_available(void) { return false; }

uint32_t tombolo_crc32c(uint32_t value, const uint8_t *bytes, size_t count) { return value; }

#endif
