// AVX-512 (F, BW, DQ, VL) float vectors: sixteen lanes. See simd/portable.h for the vocabulary.

#include <immintrin.h>

#include "common.h"

#define AVX512_TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"
#ifndef TARGET  // A level that extends this one defines its own.
#define TARGET AVX512_TARGET
#define KERNEL(name) name##__avx512
#endif
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)

#define VF_WIDTH 16

#define TILE_ROWS_F32 14  // 28 sums, 2 vectors of B and one of A, out of 32 registers
#define FINISHED_ROWS 4
#define OUTER_ROWS 8  // 16 sums of two vectors: enough to hide the latency of the multiply-add
#define PEAK_SUMS 12  // more than latency (4-5) times issue width (2)

typedef __m512 vf;

INLINE vf vf_set(float x) { return _mm512_set1_ps(x); }
INLINE vf vf_zero(void) { return _mm512_setzero_ps(); }

INLINE __mmask16 vf_first(size_t n) { return (__mmask16)((1u << n) - 1); }

INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
INLINE vf vf_load_n(const float *p, size_t n) { return _mm512_maskz_loadu_ps(vf_first(n), p); }
INLINE void vf_store_n(float *p, vf v, size_t n) { _mm512_mask_storeu_ps(p, vf_first(n), v); }

INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
INLINE vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }

/// 1 / sqrt(x), for a single number: computing a whole vector would take several times as long.
INLINE float inverse_root(float x) {
  const __m128 root = _mm_sqrt_ss(_mm_set_ss(x));
  return _mm_cvtss_f32(_mm_div_ss(_mm_set_ss(1.0f), root));
}

INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }

INLINE vf vf_abs(vf a) { return _mm512_andnot_ps(vf_set(-0.0f), a); }
INLINE vf vf_copysign(vf magnitude, vf sign) {
  const vf bit = vf_set(-0.0f);
  return _mm512_or_ps(_mm512_andnot_ps(bit, magnitude), _mm512_and_ps(bit, sign));
}

INLINE vf vf_select_less(vf a, vf b, vf yes, vf no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}

INLINE vf vf_keep_n(vf v, size_t n, vf other) {
  return _mm512_mask_blend_ps(vf_first(n), other, v);
}

INLINE vf vf_round(vf a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

INLINE vf vf_scale2(vf a, vf n) { return _mm512_scalef_ps(a, n); }

INLINE float vf_sum(vf v) { return _mm512_reduce_add_ps(v); }
INLINE float vf_largest(vf v) { return _mm512_reduce_max_ps(v); }
INLINE float vf_smallest(vf v) { return _mm512_reduce_min_ps(v); }

/// The minimum of `low` and the maximum of `high`, which contain no NaN.
INLINE void vf_extremes(vf low, vf high, float *minimum, float *maximum) {
  // With -low beside high, both are reduced at once.
  const __m256 up = _mm256_max_ps(_mm512_castps512_ps256(high), _mm512_extractf32x8_ps(high, 1));
  const __m256 down = _mm256_xor_ps(
      _mm256_min_ps(_mm512_castps512_ps256(low), _mm512_extractf32x8_ps(low, 1)),
      _mm256_set1_ps(-0.0f));
  __m256 m = _mm256_max_ps(_mm256_permute2f128_ps(up, down, 0x20),
                           _mm256_permute2f128_ps(up, down, 0x31));
  m = _mm256_max_ps(m, _mm256_permute_ps(m, 0x4e));
  m = _mm256_max_ps(m, _mm256_permute_ps(m, 0xb1));
  *maximum = _mm256_cvtss_f32(m);
  *minimum = -_mm_cvtss_f32(_mm256_extractf128_ps(m, 1));
}

INLINE vf vf_load_twice(const float *p) {
  const __m512i index = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  return _mm512_permutexvar_ps(index, _mm512_castps256_ps512(_mm256_loadu_ps(p)));
}

INLINE vf vf_swap_pairs(vf v) { return _mm512_permute_ps(v, 0xb1); }
INLINE vf vf_fmaddsub(vf a, vf b, vf c) { return _mm512_fmaddsub_ps(a, b, c); }

// Butterfly: the stage for distance d swaps the off-diagonal d x d blocks.
#define SAM2_SWAP_BLOCKS(d, ...)                                                                   \
  UNROLLED for (int j = 0; j < 8; ++j) {                                                           \
    const int i = (j & (d - 1)) + 2 * (j & ~(d - 1));                                              \
    const __m512i low = _mm512_setr_epi32(__VA_ARGS__);                                            \
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(d));                              \
    const vf a = m[i], b = m[i + d];                                                               \
    m[i] = _mm512_permutex2var_ps(a, low, b);                                                      \
    m[i + d] = _mm512_permutex2var_ps(a, high, b);                                                 \
  }

INLINE void vf_transpose(vf m[VF_WIDTH]) {
  SAM2_SWAP_BLOCKS(1, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30)
  SAM2_SWAP_BLOCKS(2, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
  SAM2_SWAP_BLOCKS(4, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27)
  SAM2_SWAP_BLOCKS(8, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
}
#undef SAM2_SWAP_BLOCKS

INLINE void vf_store_u8_n(uint8_t *p, vf v, size_t n) {
  const __m128i bytes = _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(v));
  _mm_mask_storeu_epi8(p, vf_first(n), bytes);
}

#include "gelu_avx512.h"
