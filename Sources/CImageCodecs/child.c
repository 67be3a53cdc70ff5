#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "CImageCodecs.h"

int codec_memory_file(const uint8_t *bytes, size_t count) {
  int descriptor = memfd_create("picture", MFD_CLOEXEC);
  if (descriptor < 0) return -1;
  size_t done = 0;
  while (done < count) {
    ssize_t written = write(descriptor, bytes + done, count - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      close(descriptor);
      return -1;
    }
    done += (size_t)written;
  }
  lseek(descriptor, 0, SEEK_SET);
  return descriptor;
}

void codec_confine_child(pid_t child, uint64_t address_space, int writes_files) {
  struct rlimit nothing = {0, 0};
  struct rlimit space = {address_space, address_space};
  prlimit(child, RLIMIT_CORE, &nothing, NULL);
  prlimit(child, RLIMIT_AS, &space, NULL);
  if (!writes_files) prlimit(child, RLIMIT_FSIZE, &nothing, NULL);
}
