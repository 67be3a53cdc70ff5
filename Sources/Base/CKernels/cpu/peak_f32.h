// peak_f32, written once for all levels.

#ifndef SAM2_PEAK_F32_H
#define SAM2_PEAK_F32_H

#include "peak.h"

static uint64_t KERNEL(peak_f32)(uint64_t iterations) {
  vf sum[PEAK_SUMS];
  vf a = vf_set(0.999f), b = vf_set(0.001f);
  UNROLLED for (int i = 0; i < PEAK_SUMS; ++i) sum[i] = vf_set((float)i);
  for (uint64_t iteration = 0; iteration < iterations; ++iteration)
    UNROLLED for (int i = 0; i < PEAK_SUMS; ++i) {
      sum[i] = vf_fma(sum[i], a, b);
      HIDE(sum[i]);
    }
  return iterations * PEAK_SUMS * VF_WIDTH;
}

#endif
