#define _GNU_SOURCE

#include "include/CLinux.h"

#include <fcntl.h>

void sam2_start_writeback(int descriptor, int64_t offset, int64_t byte_count) {
#if defined(SYNC_FILE_RANGE_WRITE)
  (void)sync_file_range(descriptor, offset, byte_count, SYNC_FILE_RANGE_WRITE);
#else
  (void)descriptor, (void)offset, (void)byte_count;
#endif
}
