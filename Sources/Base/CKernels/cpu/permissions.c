// Requests to the system that levels make before they run.

#include <errno.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

int nothing_to_ask(void) { return 0; }

/// Asks for the tile registers of AMX, permanently and for all threads of the process. Linux grants
/// their 8 KiB of state only on request (docs.kernel.org/arch/x86/xstate.html); without a grant,
/// the first use is an illegal instruction.
int ask_for_tiles(void) {
#if defined(__linux__) && defined(__x86_64__) && defined(SYS_arch_prctl)
  enum { GET_PERMITTED = 0x1022, REQUEST = 0x1023, TILE_DATA = 18 };
  unsigned long permitted = 0;
  if (syscall(SYS_arch_prctl, REQUEST, TILE_DATA) != 0)
    return errno;
  if (syscall(SYS_arch_prctl, GET_PERMITTED, &permitted) != 0)
    return errno;
  return permitted >> TILE_DATA & 1 ? 0 : EPERM;
#else
  return ENOSYS;
#endif
}
