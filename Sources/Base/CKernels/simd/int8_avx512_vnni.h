// Int8 products for AVX-512 VNNI. See gemm/tile_u8s8.h for the vocabulary.

#ifndef TARGET  // A level that extends this one defines its own.
#define TARGET AVX512_TARGET ",avx512vnni"
#define KERNEL(name) name##__avx512_vnni
#endif
#include "avx512.h"

// vpdpbusd adds four u8 x s8 products to a 32-bit lane without intermediate saturation.
#define FOLD 4
#define WIDEN 0
#define TILE_ROWS_S8 14  // as for floats
typedef uint32_t activation_word;
typedef __m512i vw;

INLINE vw vw_load(const int32_t *p) { return _mm512_loadu_si512(p); }
INLINE void vw_store(int32_t *p, vw v) { _mm512_storeu_si512(p, v); }
INLINE vw vw_broadcast(activation_word word) { return _mm512_set1_epi32((int)word); }
INLINE vw vw_weights(const int8_t *p) { return _mm512_loadu_si512(p); }
INLINE vw vw_dot(vw sum, vw a, vw w) { return _mm512_dpbusd_epi32(sum, a, w); }

INLINE vw vw_set(int32_t x) { return _mm512_set1_epi32(x); }
INLINE vf vw_float(vw v) { return _mm512_cvtepi32_ps(v); }
INLINE vw vw_correct(vw sum, vw zero, vw column_sum) {
  return _mm512_sub_epi32(sum, _mm512_mullo_epi32(zero, column_sum));
}
