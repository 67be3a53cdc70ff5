// CRC-32 by folding: Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction", Intel, 2009.

#include "../include/CKernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define CLMUL __attribute__((target("pclmul"))) static inline

/// The 128 bits of `x`, moved up the message by `powers`, added to `next`.
CLMUL __m128i fold(__m128i x, __m128i powers, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(x, powers, 0x00);
  const __m128i high = _mm_clmulepi64_si128(x, powers, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

CLMUL __m128i load(const uint8_t *bytes) { return _mm_loadu_si128((const __m128i *)bytes); }

__attribute__((target("pclmul"))) static void
fold_all(uint32_t crc, const uint8_t *bytes, size_t count, uint8_t folded[16]) {
  // x^(d + 32) and x^(d - 32) modulo the polynomial, with bits reflected and shifted by one, for
  // distances d of 512 and 128 bits.
  const __m128i by512 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
  const __m128i by128 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
  __m128i x0 = _mm_xor_si128(load(bytes), _mm_cvtsi32_si128((int)crc));
  __m128i x1 = load(bytes + 16), x2 = load(bytes + 32), x3 = load(bytes + 48);
  for (size_t i = 64; i < count; i += 64) {
    x0 = fold(x0, by512, load(bytes + i));
    x1 = fold(x1, by512, load(bytes + i + 16));
    x2 = fold(x2, by512, load(bytes + i + 32));
    x3 = fold(x3, by512, load(bytes + i + 48));
  }
  x1 = fold(x0, by128, x1);
  x2 = fold(x1, by128, x2);
  x3 = fold(x2, by128, x3);
  _mm_storeu_si128((__m128i *)folded, x3);
}

int sam2_crc32_fold(uint32_t crc, const uint8_t *bytes, size_t count, uint8_t folded[16]) {
  if (!(sam2_cpu_features() & SAM2_CPU_PCLMULQDQ))
    return 0;
  fold_all(crc, bytes, count, folded);
  return 1;
}

#else

int sam2_crc32_fold(uint32_t crc, const uint8_t *bytes, size_t count, uint8_t folded[16]) {
  (void)crc, (void)bytes, (void)count, (void)folded;
  return 0;
}

#endif
