// AVX2 + FMA float vectors: eight lanes. See simd/portable.h for the vocabulary.

#include <immintrin.h>

#include "common.h"

#define AVX2_TARGET "avx2,fma,f16c"
#ifndef TARGET  // A level that extends this one defines its own.
#define TARGET AVX2_TARGET
#define KERNEL(name) name##__avx2
#endif
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)

#define VF_WIDTH 8

#define TILE_ROWS_F32 6  // 12 sums, 2 vectors of B and one of A, out of 16 registers
#define FINISHED_ROWS 1
#define OUTER_ROWS 4
#define PEAK_SUMS 12  // more than latency (4-5) times issue width (2), fewer than 16 registers

typedef __m256 vf;

INLINE vf vf_set(float x) { return _mm256_set1_ps(x); }
INLINE vf vf_zero(void) { return _mm256_setzero_ps(); }

INLINE __m256i vf_first(size_t n) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

INLINE vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vf_store(float *p, vf v) { _mm256_storeu_ps(p, v); }
INLINE vf vf_load_n(const float *p, size_t n) { return _mm256_maskload_ps(p, vf_first(n)); }
INLINE void vf_store_n(float *p, vf v, size_t n) { _mm256_maskstore_ps(p, vf_first(n), v); }

INLINE vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
INLINE vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }

/// 1 / sqrt(x), for a single number: computing a whole vector would take several times as long.
INLINE float inverse_root(float x) {
  const __m128 root = _mm_sqrt_ss(_mm_set_ss(x));
  return _mm_cvtss_f32(_mm_div_ss(_mm_set_ss(1.0f), root));
}

INLINE vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
INLINE vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }

INLINE vf vf_abs(vf a) { return _mm256_andnot_ps(vf_set(-0.0f), a); }
INLINE vf vf_copysign(vf magnitude, vf sign) {
  const vf bit = vf_set(-0.0f);
  return _mm256_or_ps(_mm256_andnot_ps(bit, magnitude), _mm256_and_ps(bit, sign));
}

INLINE vf vf_select_less(vf a, vf b, vf yes, vf no) {
  return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}

INLINE vf vf_keep_n(vf v, size_t n, vf other) {
  return _mm256_blendv_ps(other, v, _mm256_castsi256_ps(vf_first(n)));
}

INLINE vf vf_round(vf a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

INLINE vf vf_scale2(vf a, vf n) {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}

INLINE float vf_sum(vf v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

INLINE float vf_largest(vf v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

INLINE float vf_smallest(vf v) {
  __m128 s = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_min_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
}

INLINE void vf_extremes(vf low, vf high, float *minimum, float *maximum) {
  *minimum = vf_smallest(low);
  *maximum = vf_largest(high);
}

INLINE vf vf_load_twice(const float *p) {
  const __m256i index = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
  return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), index);
}

INLINE vf vf_swap_pairs(vf v) { return _mm256_permute_ps(v, 0xb1); }
INLINE vf vf_fmaddsub(vf a, vf b, vf c) { return _mm256_fmaddsub_ps(a, b, c); }

// Butterfly: the stage for distance d swaps the off-diagonal d x d blocks.
INLINE void vf_transpose(vf m[VF_WIDTH]) {
  UNROLLED for (int i = 0; i < 8; i += 2) {
    const vf a = m[i], b = m[i + 1];
    m[i] = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
    m[i + 1] = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
  }
  UNROLLED for (int j = 0; j < 4; ++j) {
    const int i = (j & 1) + 4 * (j >> 1);
    const vf a = m[i], b = m[i + 2];
    m[i] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
    m[i + 2] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
  }
  UNROLLED for (int i = 0; i < 4; ++i) {
    const vf a = m[i], b = m[i + 4];
    m[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
    m[i + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

INLINE void vf_store_u8_n(uint8_t *p, vf v, size_t n) {
  const __m256i words = _mm256_cvtps_epi32(v);
  const __m128i halves =
      _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  const __m128i bytes = _mm_packus_epi16(halves, halves);
  if (n == VF_WIDTH) {
    _mm_storel_epi64((__m128i *)p, bytes);
  } else {
    uint8_t all[16];
    _mm_storeu_si128((__m128i *)all, bytes);
    __builtin_memcpy(p, all, n);
  }
}
