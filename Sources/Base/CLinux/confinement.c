// Confines a process to computing and writing, by means of the operating system.

#define _GNU_SOURCE

#include "include/CLinux.h"

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#define CAN_FILTER 1

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS SECCOMP_RET_KILL
#endif

#define LOAD(place) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (place))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
/// Skips the next `count` instructions unless the loaded number is `value`.
#define UNLESS_EQUAL_SKIP(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))
/// Skips `if_set` instructions when the loaded number has one of `bits`, else `if_clear`.
#define BY_BITS_SKIP(bits, if_set, if_clear) \
  BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), (if_set), (if_clear))

/// Offset of the low half of a call's argument: both architectures are little-endian.
#define ARGUMENT(index) (offsetof(struct seccomp_data, args) + 8 * (index))
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define ALLOW_CALL(number) UNLESS_EQUAL_SKIP(number, 1), RETURN(SECCOMP_RET_ALLOW)

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
/// The sanitizer removes its signal stack when a process ends.
#define CALLS_OF_SANITIZER ALLOW_CALL(__NR_sigaltstack),
#endif
#endif
#if !defined(CALLS_OF_SANITIZER)
#define CALLS_OF_SANITIZER
#endif

/// Computing needs memory, and its result is written to a descriptor that is already open.
static struct sock_filter instructions[] = {
    LOAD(offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(offsetof(struct seccomp_data, nr)),
    ALLOW_CALL(__NR_write),
    ALLOW_CALL(__NR_munmap),
    ALLOW_CALL(__NR_mremap),
    ALLOW_CALL(__NR_brk),
    ALLOW_CALL(__NR_madvise),
    ALLOW_CALL(__NR_futex),
    ALLOW_CALL(__NR_clock_gettime),
    ALLOW_CALL(__NR_getrandom),
    ALLOW_CALL(__NR_rt_sigaction),
    ALLOW_CALL(__NR_rt_sigprocmask),
    ALLOW_CALL(__NR_rt_sigreturn),
    ALLOW_CALL(__NR_exit),
    ALLOW_CALL(__NR_exit_group),
    CALLS_OF_SANITIZER
    // Refuses executable memory.
    UNLESS_EQUAL_SKIP(__NR_mprotect, 4),
    LOAD(ARGUMENT(2)),
    BY_BITS_SKIP(PROT_EXEC, 0, 1),
    RETURN(REFUSE),
    RETURN(SECCOMP_RET_ALLOW),
    // Refuses memory mapped from a file, too.
    UNLESS_EQUAL_SKIP(__NR_mmap, 5),
    LOAD(ARGUMENT(2)),
    BY_BITS_SKIP(PROT_EXEC, 3, 0),
    LOAD(ARGUMENT(3)),
    BY_BITS_SKIP(MAP_ANONYMOUS, 0, 1),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(REFUSE),
};

static int filter_calls(void) {
  struct sock_fprog program = {sizeof instructions / sizeof *instructions, instructions};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
#endif

bool sam2_can_filter_calls(void) {
#if defined(CAN_FILTER)
  // A kernel with filters reports the missing program; one without does not know the request.
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno == EFAULT;
#else
  return false;
#endif
}

static int close_from(unsigned first) {
#if defined(__NR_close_range)
  if (syscall(__NR_close_range, first, ~0u, 0) == 0) return 0;
  if (errno != ENOSYS && errno != EPERM) return -1;
#endif
  // On an old kernel, closes them one by one, up to a number that programs do not reach.
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
  const rlim_t maximum = 1 << 16;
  const unsigned end = (unsigned)(limit.rlim_cur < maximum ? limit.rlim_cur : maximum);
  for (unsigned descriptor = first; descriptor < end; ++descriptor) close((int)descriptor);
  return 0;
}

int sam2_confine(int first_closed) {
  const struct rlimit none = {0, 0};
  // Without the promise not to gain privileges, only the superuser may set a filter.
  if (close_from((unsigned)first_closed) < 0 || setrlimit(RLIMIT_NOFILE, &none) < 0 ||
      setrlimit(RLIMIT_NPROC, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return -1;
#if defined(CAN_FILTER)
  if (sam2_can_filter_calls()) return filter_calls();
#endif
  return 0;
}
