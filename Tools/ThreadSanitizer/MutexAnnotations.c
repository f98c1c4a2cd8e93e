// Tells ThreadSanitizer what happens inside Swift's Mutex when two threads contend for it.
//
// On Linux `Synchronization.Mutex` is a word that threads change with compare-and-exchange, which the sanitizer sees, because
// the compiler puts it into the caller. Under contention it is the kernel that writes the word (futex PI), from two functions
// in the standard library's binary, which is not instrumented: the sanitizer sees no connection between the thread that left
// the lock and the one that got it, and reports a race for data that the lock protects.
//
// This library stands before those two functions, calls them, and says what they do: leaving releases, entering acquires, on
// the address of the lock. Nothing is suppressed: an access outside the lock is still reported.
//
//   clang -shared -fPIC -o libmutex.so MutexAnnotations.c -ldl;  LD_PRELOAD=libmutex.so program-built-with-sanitize-thread
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

// The sanitizer's own; absent, and then not called, in a program without it.
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

typedef __attribute__((swiftcall)) void (*lock_slow)(uint32_t thread, __attribute__((swift_context)) void *lock);
typedef __attribute__((swiftcall)) void (*unlock_slow)(__attribute__((swift_context)) void *lock);

static lock_slow real_lock;
static unlock_slow real_unlock;

__attribute__((constructor)) static void find(void) {
  real_lock = (lock_slow)dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
  real_unlock = (unlock_slow)dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
}

// _MutexHandle._lockSlow(_: UInt32)
__attribute__((swiftcall, visibility("default"))) void annotated_lock(
    uint32_t thread, __attribute__((swift_context)) void *lock) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
__attribute__((swiftcall)) void annotated_lock(uint32_t thread, __attribute__((swift_context)) void *lock) {
  if (!real_lock) abort();
  real_lock(thread, lock);
  if (__tsan_acquire) __tsan_acquire(lock);
}

// _MutexHandle._unlockSlow()
__attribute__((swiftcall, visibility("default"))) void annotated_unlock(
    __attribute__((swift_context)) void *lock) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
__attribute__((swiftcall)) void annotated_unlock(__attribute__((swift_context)) void *lock) {
  if (!real_unlock) abort();
  if (__tsan_release) __tsan_release(lock);
  real_unlock(lock);
}
