// NEON: the portable float vectors on the 32 registers of AArch64. See simd/portable.h for the
// vocabulary.

#include <arm_neon.h>

#include "common.h"

#ifdef TARGET  // A level that extends this one defines its own name and features.
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#else
#define KERNEL(name) name##__neon
#endif

#define VF_WIDTH 4

#define TILE_ROWS_F32 12  // 24 sums, 2 vectors of B and one of A, out of 32 registers
#define FINISHED_ROWS 4
#define OUTER_ROWS 4
#define PEAK_SUMS 16  // latency (4) times issue width (up to 4)

// Int8 attention (attention/attention_s8_layout.h).
#define VALUE_ROWS 8
#define SCORE_ROWS 8
#define RUN_ROWS 8

#include "portable.h"
