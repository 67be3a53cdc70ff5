// What every kernel source needs, whatever its level.

#ifndef SAM2_SIMD_COMMON_H
#define SAM2_SIMD_COMMON_H

#include "../include/CKernels.h"
#include "../kernels.h"

// Forced, because a vector argument may not cross a call between functions whose targets differ,
// and because tile loops rely on constants reaching them.
#define INLINE static inline __attribute__((always_inline, unused))

// Loops over accumulators must disappear so that the arrays live in registers.
#define UNROLLED _Pragma("clang loop unroll(full)")

static inline size_t smaller_size(size_t a, size_t b) { return a < b ? a : b; }

#endif

// Rounding must not depend on what the compiler may fuse: fused adds are written as vf_fma.
#pragma STDC FP_CONTRACT OFF
