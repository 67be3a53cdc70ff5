// Shared by all kernel sources on all levels.

#ifndef SAM2_SIMD_COMMON_H
#define SAM2_SIMD_COMMON_H

#include "../include/CKernels.h"

// Inlining is forced because a vector argument may not cross a call between functions whose targets
// differ, and because tile loops rely on constants being propagated to them.
#define INLINE static inline __attribute__((always_inline, unused))

// Loops over accumulators must be fully unrolled so that the arrays stay in registers.
#define UNROLLED _Pragma("clang loop unroll(full)")

// f(1) f(2) ... f(n) for a number n.
#define EACH_TO(n, f) EACH_TO_N(n, f)
#define EACH_TO_N(n, f) EACH_TO_##n(f)
#define EACH_TO_1(f) f(1)
#define EACH_TO_2(f) EACH_TO_1(f) f(2)
#define EACH_TO_3(f) EACH_TO_2(f) f(3)
#define EACH_TO_4(f) EACH_TO_3(f) f(4)
#define EACH_TO_5(f) EACH_TO_4(f) f(5)
#define EACH_TO_6(f) EACH_TO_5(f) f(6)
#define EACH_TO_7(f) EACH_TO_6(f) f(7)
#define EACH_TO_8(f) EACH_TO_7(f) f(8)
#define EACH_TO_9(f) EACH_TO_8(f) f(9)
#define EACH_TO_10(f) EACH_TO_9(f) f(10)
#define EACH_TO_11(f) EACH_TO_10(f) f(11)
#define EACH_TO_12(f) EACH_TO_11(f) f(12)
#define EACH_TO_13(f) EACH_TO_12(f) f(13)
#define EACH_TO_14(f) EACH_TO_13(f) f(14)

static inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }

#endif

// Rounding must not depend on what the compiler chooses to fuse; fused adds are written as vf_fma.
#pragma STDC FP_CONTRACT OFF
