#include "include/CAllocations.h"

#include <errno.h>
#include <stddef.h>

// Sanitisers bring an allocator of their own, and only glibc keeps a second name for each function.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITISED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(SANITISED)

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static __thread long allocations, bytes;

long sam2_thread_allocations(void) { return allocations; }
long sam2_thread_allocated_bytes(void) { return bytes; }

static void count(size_t size) {
  ++allocations;
  bytes += (long)size;
}

void *malloc(size_t size) {
  count(size);
  return __libc_malloc(size);
}

void *calloc(size_t members, size_t size) {
  count(members * size);
  return __libc_calloc(members, size);
}

void *realloc(void *old, size_t size) {
  count(size);
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  count(size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *memory = memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *result = memory;
  return 0;
}

#else

long sam2_thread_allocations(void) { return -1; }
long sam2_thread_allocated_bytes(void) { return -1; }

#endif
