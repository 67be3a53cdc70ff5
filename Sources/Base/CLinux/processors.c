#define _GNU_SOURCE

#include "include/CLinux.h"

#include <errno.h>
#include <sched.h>

int sam2_affine_processors(void) {
  // The kernel refuses a set smaller than its own, and does not report the size of its own.
  for (int processors = 1024; processors <= 1 << 20; processors *= 2) {
    cpu_set_t *set = CPU_ALLOC(processors);
    if (!set)
      return 0;
    const size_t bytes = CPU_ALLOC_SIZE(processors);
    const int status = sched_getaffinity(0, bytes, set);
    const int count = status == 0 ? CPU_COUNT_S(bytes, set) : 0;
    const int reason = status == 0 ? 0 : errno;
    CPU_FREE(set);
    if (reason != EINVAL)
      return count;
  }
  return 0;
}
