// peak_f32, written once for all levels.

#include "peak.h"

uint64_t KERNEL(peak_f32)(uint64_t iterations) {
  vf sum[SUMS];
  vf a = vf_set(0.999f), b = vf_set(0.001f);
  UNROLLED for (int i = 0; i < SUMS; ++i) sum[i] = vf_set((float)i);
  for (uint64_t turn = 0; turn < iterations; ++turn)
    UNROLLED for (int i = 0; i < SUMS; ++i) {
      sum[i] = vf_fma(sum[i], a, b);
      HIDE(sum[i]);
    }
  return iterations * SUMS * VF_WIDTH;
}
