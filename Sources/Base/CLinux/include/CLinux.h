// Parts of the C library whose headers only C can read.

#ifndef SAM2_CLINUX_H
#define SAM2_CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes in use on the heap, large blocks included; 0 where the C library does not report them.
size_t sam2_heap_bytes(void);

/// Lets the disk begin to take a part of a file, and does not wait for it: a hint, where there is
/// such a call. Errors are not reported here; the sync that follows must check for them.
void sam2_start_writeback(int descriptor, int64_t offset, int64_t byte_count);

/// Creates a file as mkstemp does, which no program started from here inherits at any moment.
int sam2_temporary_file(char *path_template);

/// Number of processors that the scheduler may run this thread on; 0 where that is unknown.
int sam2_affine_processors(void);

/// The variables of this process's environment, for programs that it starts: NAME=VALUE, then NULL.
char **sam2_environment(void);

/// Whether the kernel filters system calls (seccomp) of programs for this processor.
bool sam2_can_filter_calls(void);

/// Confines this process for good: descriptors from `first_closed` on are closed, none can be opened
/// and no process started; privileges cannot be gained, nor the process read by others of its user.
/// Where the kernel can filter calls, those remain that take memory, write to an open descriptor
/// and end the process; every other call fails with EPERM, also one for executable memory.
///
/// Returns 0; -1 with `errno` when the system refuses.
int sam2_confine(int first_closed);

#endif
