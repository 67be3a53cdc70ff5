// What the C library's heap holds, which its headers tell C alone.

#ifndef SAM2_CHEAP_H
#define SAM2_CHEAP_H

#include <stddef.h>

/// Bytes in use on the heap, large blocks included; 0 where the C library does not tell.
size_t sam2_heap_bytes(void);

#endif
