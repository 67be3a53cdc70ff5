// peak_s8, written once for all levels: each multiply computes FOLD products per 32-bit lane.

#ifndef SAM2_PEAK_S8_H
#define SAM2_PEAK_S8_H

#include "peak.h"

static uint64_t KERNEL(peak_s8)(uint64_t iterations) {
  vw sum[PEAK_SUMS];
  vw a = vw_broadcast(0x01010101), w = vw_broadcast(0x01010101);
  UNROLLED for (int i = 0; i < PEAK_SUMS; ++i) sum[i] = a;
  for (uint64_t iteration = 0; iteration < iterations; ++iteration)
    UNROLLED for (int i = 0; i < PEAK_SUMS; ++i) {
      HIDE(a);  // else the product, always the same, would be computed only once
      sum[i] = vw_dot(sum[i], a, w);
      HIDE(sum[i]);
    }
  return iterations * PEAK_SUMS * VF_WIDTH * FOLD;
}

#endif
