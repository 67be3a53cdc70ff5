// Pairs of bfloat16 with AVX512-BF16. See simd/bf16.h for the vocabulary.

#ifndef TARGET  // A level that extends this one defines its own.
#define TARGET AVX512_TARGET ",avx512bf16"
#define KERNEL(name) name##__avx512_bf16
#endif
#include "avx512.h"

#define BF16_INSTRUCTIONS
#ifndef BF16_BY_TILES
#define TILE_ROWS_BF16 TILE_ROWS_F32
#endif

typedef __m512bh vh;

INLINE vh vh_load(const uint16_t *p) { return (vh)_mm512_loadu_si512(p); }
INLINE vh vh_set(uint32_t pair) { return (vh)_mm512_set1_epi32((int)pair); }
INLINE vf vf_dot(vf sum, vh a, vh b) { return _mm512_dpbf16_ps(sum, a, b); }

INLINE __m512i vu_round(vf v) { return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(v)); }
INLINE void vu_store(uint16_t *p, __m512i v) {
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(v));
}

#include "bf16.h"
