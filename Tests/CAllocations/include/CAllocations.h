// Counts the calling thread's heap allocations, by replacing the C library's functions.

#ifndef SAM2_CALLOCATIONS_H
#define SAM2_CALLOCATIONS_H

/// Allocations of this thread since it started; -1 where they cannot be counted.
long sam2_thread_allocations(void);
/// Their bytes; -1 where they cannot be counted.
long sam2_thread_allocated_bytes(void);

#endif
