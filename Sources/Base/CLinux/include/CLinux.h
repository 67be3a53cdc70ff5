// Parts of the C library whose headers only C code can use.

#ifndef SAM2_CLINUX_H
#define SAM2_CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes in use on the heap, large blocks included; 0 where the C library does not report them.
size_t sam2_heap_bytes(void);

/// Starts writing a part of a file to disk, without waiting for it: a hint, on systems that have
/// such a call. Errors are not reported here; the sync that follows must check for them.
void sam2_start_writeback(int descriptor, int64_t offset, int64_t byte_count);

/// Creates a file as mkstemp does, but so that programs started by this process never inherit it.
int sam2_temporary_file(char *path_template);

/// Number of processors on which the scheduler may run this thread; 0 if unknown.
int sam2_affine_processors(void);

/// This process's environment, for programs that it starts: NAME=VALUE strings, then NULL.
char **sam2_environment(void);

/// Whether the kernel can filter system calls (seccomp) of programs for this processor.
bool sam2_can_filter_calls(void);

/// Permanently confines this process: descriptors from `first_closed` on are closed, no descriptor
/// can be opened and no process started, privileges cannot be gained, and other processes of the
/// same user cannot read this one. Where the kernel can filter calls, the process can only allocate
/// memory, write to open descriptors and exit; every other call fails with EPERM, including
/// requests for executable memory.
///
/// Returns 0, or -1 with `errno` if the system refuses.
int sam2_confine(int first_closed);

#endif
