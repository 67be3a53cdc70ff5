#define _GNU_SOURCE

#include "include/CConfinement.h"

#include <CLinux.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Each returns a negative number and sets errno when it fails.

static long try_open(void) { return open("victim", O_RDONLY); }
static long try_create(void) { return open("new", O_WRONLY | O_CREAT, 0600); }
static long try_unlink(void) { return unlink("victim"); }
static long try_rename(void) { return rename("victim", "other"); }
static long try_truncate(void) { return truncate("victim", 0); }
static long try_link(void) { return symlink("victim", "link"); }
static long try_mkdir(void) { return mkdir("folder", 0700); }
static long try_chmod(void) { return chmod("victim", 0777); }
static long try_stat(void) {
  struct stat status;
  return stat("victim", &status);
}

static long try_fork(void) {
  const pid_t process = fork();
  if (process == 0) _exit(0);
  return process < 0 ? -1 : waitpid(process, NULL, 0);
}

static long try_exec(void) {
  char *const none[] = {NULL};
  char *const words[] = {"true", NULL};
  return execve("/bin/true", words, none);
}

// The signal 0 reaches nobody.
static long try_kill(void) { return kill(getppid(), 0); }
static long try_ptrace(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL); }

static long try_read_memory(void) {
  char from = 1, to = 0;
  const struct iovec local = {&to, 1}, remote = {&from, 1};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
}

static long try_socket(void) { return socket(AF_INET, SOCK_DGRAM, 0); }

/// A datagram socket is connected without a word to the other side.
static int datagrams = -1;
static long try_connect(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(datagrams, (const struct sockaddr *)&address, sizeof address);
}

static long try_pipe(void) {
  int ends[2];
  return pipe(ends);
}

static long try_executable_memory(void) {
  const int protection = PROT_READ | PROT_WRITE | PROT_EXEC;
  return mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long try_making_memory_executable(void) {
  void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static const struct {
  const char *name;
  long (*run)(void);
} attempts[] = {
    {"open", try_open},
    {"create", try_create},
    {"unlink", try_unlink},
    {"rename", try_rename},
    {"truncate", try_truncate},
    {"symlink", try_link},
    {"mkdir", try_mkdir},
    {"chmod", try_chmod},
    {"stat", try_stat},
    {"fork", try_fork},
    {"exec", try_exec},
    {"kill", try_kill},
    {"ptrace", try_ptrace},
    {"process_vm_readv", try_read_memory},
    {"socket", try_socket},
    {"connect", try_connect},
    {"pipe", try_pipe},
    {"mmap of executable memory", try_executable_memory},
    {"mprotect to executable memory", try_making_memory_executable},
};

int sam2_attempt_count(void) { return sizeof attempts / sizeof *attempts; }

const char *sam2_attempt_name(int index) { return attempts[index].name; }

/// Exit code of a child that could not be prepared.
enum { UNPREPARED = 255 };

static int exit_code(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) && WEXITSTATUS(status) != UNPREPARED ? WEXITSTATUS(status) : -1;
}

int sam2_attempt(int index, const char *folder, bool confined) {
  const pid_t process = fork();
  if (process < 0) return -1;
  if (process == 0) {
    datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (chdir(folder) < 0 || (confined && sam2_confine(3) < 0)) _exit(UNPREPARED);
    errno = 0;
    const long result = attempts[index].run();
    _exit(result < 0 ? errno : 0);
  }
  return exit_code(process);
}

static int work(int output) {
  void *large = malloc(64 << 20), *small = malloc(100);
  if (large == NULL || small == NULL) return 1;
  memset(large, 1, 64 << 20);
  large = realloc(large, 128 << 20);
  if (large == NULL) return 2;
  free(large), free(small);
  int number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return 3;
  struct timespec now;
  if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) < 0) return 4;
  return write(output, "x", 1) == 1 ? 0 : 5;
}

int sam2_work_confined(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  const pid_t process = fork();
  if (process == 0) {
    if (dup2(ends[1], 1) < 0 || sam2_confine(3) < 0) _exit(UNPREPARED);
    _exit(work(1));
  }
  close(ends[1]);
  char letter = 0;
  const bool arrived = read(ends[0], &letter, 1) == 1 && letter == 'x';
  close(ends[0]);
  const int code = process < 0 ? -1 : exit_code(process);
  return code == 0 && !arrived ? -1 : code;
}
