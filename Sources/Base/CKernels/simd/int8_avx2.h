// Int8 products for AVX2. See gemm/tile_u8s8.h for the vocabulary.

#include "avx2.h"

// vpmaddubsw would saturate (255 * 127 * 2 > 32767), so both sides are widened to 16 bits, for
// which vpmaddwd is exact.
#define FOLD 2
#define WIDEN 1
#define TILE_ROWS_S8 6  // as for floats
typedef uint32_t activation_word;
typedef __m256i vw;

INLINE vw vw_load(const int32_t *p) { return _mm256_loadu_si256((const vw *)p); }
INLINE void vw_store(int32_t *p, vw v) { _mm256_storeu_si256((vw *)p, v); }
INLINE vw vw_broadcast(activation_word word) { return _mm256_set1_epi32((int)word); }
INLINE vw vw_dot(vw sum, vw a, vw w) { return _mm256_add_epi32(sum, _mm256_madd_epi16(a, w)); }

INLINE vw vw_weights(const int8_t *p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
}

INLINE void widen(const uint8_t *a, size_t count, activation_word *out) {
  for (size_t k = 0; k < count; k += 2)
    out[k / 2] = a[k] | (uint32_t)a[k + 1] << 16;
}

INLINE vw vw_set(int32_t x) { return _mm256_set1_epi32(x); }
INLINE vf vw_float(vw v) { return _mm256_cvtepi32_ps(v); }
INLINE vw vw_correct(vw sum, vw zero, vw column_sum) {
  return _mm256_sub_epi32(sum, _mm256_mullo_epi32(zero, column_sum));
}
