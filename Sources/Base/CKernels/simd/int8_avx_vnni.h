// Int8 products for AVX-VNNI: vpdpbusd on 256 bits, for CPUs without AVX-512. See gemm/tile_u8s8.h
// for the vocabulary. With EMULATED defined, AVX2 computes the result of the instruction.

#ifdef EMULATED
#define TARGET AVX2_TARGET
#define KERNEL(name) name##__avx_vnni_emulated
#else
#define TARGET AVX2_TARGET ",avxvnni"
#define KERNEL(name) name##__avx_vnni
#endif
#include "avx2.h"

#ifdef EMULATED
INLINE __m256i dot_bytes(__m256i sum, __m256i a, __m256i w) {
  const __m256i low = _mm256_and_si256(a, _mm256_set1_epi16(255));
  const __m256i low_w = _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8);
  const __m256i high = _mm256_srli_epi16(a, 8), high_w = _mm256_srai_epi16(w, 8);
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(low, low_w));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(high, high_w));
}
#else
INLINE __m256i dot_bytes(__m256i sum, __m256i a, __m256i w) {
  return _mm256_dpbusd_avx_epi32(sum, a, w);
}
#endif

// vpdpbusd adds four u8 x s8 products to a 32-bit lane without intermediate saturation.
#define FOLD 4
#define WIDEN 0
#define TILE_ROWS_S8 6  // as for floats
typedef uint32_t activation_word;
typedef __m256i vw;

INLINE vw vw_load(const int32_t *p) { return _mm256_loadu_si256((const vw *)p); }
INLINE void vw_store(int32_t *p, vw v) { _mm256_storeu_si256((vw *)p, v); }
INLINE vw vw_broadcast(activation_word word) { return _mm256_set1_epi32((int)word); }
INLINE vw vw_weights(const int8_t *p) { return _mm256_loadu_si256((const vw *)p); }
INLINE vw vw_dot(vw sum, vw a, vw w) { return dot_bytes(sum, a, w); }

INLINE vw vw_set(int32_t x) { return _mm256_set1_epi32(x); }
INLINE vf vw_float(vw v) { return _mm256_cvtepi32_ps(v); }
INLINE vw vw_correct(vw sum, vw zero, vw column_sum) {
  return _mm256_sub_epi32(sum, _mm256_mullo_epi32(zero, column_sum));
}
