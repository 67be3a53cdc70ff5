// peak_bf16, written once for all levels.

#ifndef SAM2_PEAK_BF16_H
#define SAM2_PEAK_BF16_H

#include "peak.h"

#ifdef BF16_BY_TILES

static uint64_t KERNEL(peak_bf16)(uint64_t iterations) {
  static const _Alignas(64) uint8_t zeros[1024];
  amx_begin();
  amx_zero_block(2, 2);
  amx_load(4, zeros, 64);
  amx_load(5, zeros, 64);
  amx_load(6, zeros, 64);
  amx_load(7, zeros, 64);
  for (uint64_t iteration = 0; iteration < iterations; ++iteration) {
    amx_bf16(0, 4, 6);
    amx_bf16(1, 4, 7);
    amx_bf16(2, 5, 6);
    amx_bf16(3, 5, 7);
  }
  amx_end();
  return iterations * 4 * MATRIX_ROWS * MATRIX_ROWS * MATRIX_DEPTH / 2;
}

#else

static uint64_t KERNEL(peak_bf16)(uint64_t iterations) {
  vf sum[PEAK_SUMS];
  // 1 and 2^-8, so that sums grow without becoming large.
  vh a = vh_set(0x3f803f80), b = vh_set(0x3b803b80);
  UNROLLED for (int i = 0; i < PEAK_SUMS; ++i) sum[i] = vf_set((float)i);
  for (uint64_t iteration = 0; iteration < iterations; ++iteration)
    UNROLLED for (int i = 0; i < PEAK_SUMS; ++i) {
      sum[i] = vf_dot(sum[i], a, b);
      HIDE(sum[i]);
    }
  return iterations * PEAK_SUMS * VF_WIDTH * 2;
}

#endif

#endif
