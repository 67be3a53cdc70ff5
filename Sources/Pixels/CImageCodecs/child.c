#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

// Code between vfork and exec shares the memory of the waiting parent, so it makes only system
// calls and changes only an error number.

// A program opens its libraries one after another.
enum { MAX_DESCRIPTORS = 8, MAX_OPEN_FILES = 64 };

static void set_limit(int resource, uint64_t soft, uint64_t margin) {
  if (soft == UINT64_MAX) return;
  struct rlimit limit = {soft, soft + margin};
  setrlimit(resource, &limit);
}

static void confine(const codec_limits *limits) {
  set_limit(RLIMIT_CORE, 0, 0);
  set_limit(RLIMIT_AS, limits->address_space, 0);
  set_limit(RLIMIT_FSIZE, limits->file_bytes, 0);
  set_limit(RLIMIT_NOFILE, MAX_OPEN_FILES, 0);
  // The signal at the soft limit distinguishes a timeout from other terminations.
  set_limit(RLIMIT_CPU, limits->processor_seconds, 5);
}

// The parent's handlers must not run in the child; signals the parent ignores stay ignored, as
// nohup requires.
static void reset_signals(void) {
  struct sigaction usual = {.sa_handler = SIG_DFL}, now;
  for (int number = 1; number < NSIG; number++) {
    if (sigaction(number, NULL, &now) != 0 || now.sa_handler == SIG_IGN) continue;
    if (now.sa_handler != SIG_DFL) sigaction(number, &usual, NULL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_from(int first) {
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1 << 16) limit.rlim_cur = 1 << 16;
  for (int number = first; number < (int)limit.rlim_cur; number++) close(number);
}

// Moves the sources out of the way first, since one may have the number of another's target.
static int place_descriptors(const int *descriptors, int count) {
  int moved[MAX_DESCRIPTORS];
  for (int i = 0; i < count; i++) {
    moved[i] = fcntl(descriptors[i], F_DUPFD, MAX_DESCRIPTORS);
    if (moved[i] < 0) return -1;
  }
  for (int i = 0; i < count; i++) {
    if (dup2(moved[i], i) < 0) return -1;
  }
  close_from(count);
  return 0;
}

int codec_start_child(pid_t *child, char *const arguments[], char *const environment[],
                      const int *descriptors, int descriptor_count, const codec_limits *limits) {
  if (descriptor_count > MAX_DESCRIPTORS) return EINVAL;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  volatile int problem = 0;
  // Not fork: it would copy the page tables of a process that maps gigabytes.
  pid_t started = vfork();
  if (started == 0) {
    if (place_descriptors(descriptors, descriptor_count) == 0) {
      confine(limits);
      reset_signals();
      execvpe(arguments[0], arguments, environment);
    }
    problem = errno;
    _exit(127);
  }
  if (started < 0) problem = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (started > 0 && problem != 0) {
    while (waitpid(started, NULL, 0) < 0 && errno == EINTR) {
    }
  }
  *child = problem == 0 ? started : 0;
  return problem;
}
