// peak_bf16, written once for all levels.

#ifndef SAM2_PEAK_BF16_H
#define SAM2_PEAK_BF16_H

#include "peak.h"

static uint64_t KERNEL(peak_bf16)(uint64_t iterations) {
  vf sum[PEAK_SUMS];
  // 1 and 2^-8: sums grow without becoming large.
  vh a = vh_set(0x3f803f80), b = vh_set(0x3b803b80);
  UNROLLED for (int i = 0; i < PEAK_SUMS; ++i) sum[i] = vf_set((float)i);
  for (uint64_t turn = 0; turn < iterations; ++turn)
    UNROLLED for (int i = 0; i < PEAK_SUMS; ++i) {
      sum[i] = vf_dot(sum[i], a, b);
      HIDE(sum[i]);
    }
  return iterations * PEAK_SUMS * VF_WIDTH * 2;
}

#endif
