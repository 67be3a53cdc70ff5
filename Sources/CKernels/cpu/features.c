// What this CPU and its operating system can run, probed once.

#include <stdatomic.h>

#include "../include/CKernels.h"

#if defined(__x86_64__)

#include <cpuid.h>

/// Register state that the operating system saves (XCR0). Callable only when OSXSAVE is set.
static uint64_t saved_state(void) {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static uint32_t bit(uint32_t word, int position, uint32_t feature) {
  return word >> position & 1 ? feature : 0;
}

/// Intel SDM volume 2, CPUID; volume 1 section 14.3 and 15.2 for the state bits.
static uint32_t probe(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1))
    return 0;
  const uint64_t state = saved_state();
  if ((state & 0x6) != 0x6)
    return 0;
  uint32_t found = bit(c, 12, SAM2_CPU_FMA) | bit(c, 29, SAM2_CPU_F16C) |
                   bit(c, 1, SAM2_CPU_PCLMULQDQ);
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
    return found;
  found |= bit(b, 5, SAM2_CPU_AVX2);
  const int saves_zmm = (state & 0xe6) == 0xe6;
  if (saves_zmm)
    found |= bit(b, 16, SAM2_CPU_AVX512F) | bit(b, 30, SAM2_CPU_AVX512BW) |
             bit(b, 17, SAM2_CPU_AVX512DQ) | bit(b, 31, SAM2_CPU_AVX512VL) |
             bit(c, 11, SAM2_CPU_AVX512VNNI);
  if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
    found |= bit(a, 4, SAM2_CPU_AVXVNNI) | (saves_zmm ? bit(a, 5, SAM2_CPU_AVX512BF16) : 0);
  return found;
}

#elif defined(__aarch64__)

static uint32_t probe(void) { return SAM2_CPU_NEON; }

#else

static uint32_t probe(void) { return 0; }

#endif

uint32_t sam2_cpu_features(void) {
  // Threads that race here all store the same value; the top bit says "probed".
  static _Atomic uint32_t known = 0;
  const uint32_t probed = UINT32_C(1) << 31;
  uint32_t features = atomic_load_explicit(&known, memory_order_relaxed);
  if (!features) {
    features = probe() | probed;
    atomic_store_explicit(&known, features, memory_order_relaxed);
  }
  return features & ~probed;
}

static int has(uint32_t wanted) { return (sam2_cpu_features() & wanted) == wanted; }

sam2_isa sam2_best_isa(void) {
  const uint32_t avx2 = SAM2_CPU_AVX2 | SAM2_CPU_FMA | SAM2_CPU_F16C;
  const uint32_t avx512 = avx2 | SAM2_CPU_AVX512F | SAM2_CPU_AVX512BW | SAM2_CPU_AVX512DQ |
                          SAM2_CPU_AVX512VL;
  if (has(avx512 | SAM2_CPU_AVX512VNNI))
    return SAM2_ISA_AVX512_VNNI;
  if (has(avx512))
    return SAM2_ISA_AVX512;
  return has(avx2) ? SAM2_ISA_AVX2 : SAM2_ISA_SCALAR;
}
