// Float vectors of the scalar level: portable C on four-lane compiler vectors, without intrinsics.
// The compiler translates them to SSE2 or NEON. Another level that uses this code first defines its
// name and the number of lanes.
//
// The files simd/{portable,avx2,avx512}.h define the same small vocabulary, so that a float
// kernel is written once (in a template header) and compiled once per level. A source includes the
// vocabulary of one level before any template:
//   vf                 a vector of VF_WIDTH floats; `_n` variants touch only the first n lanes
//   vf_max, vf_min     a > b ? a : b and a < b ? a : b, so a NaN in `a` yields `b` everywhere
//   vf_fma             a * b + c, fused where the level has the instruction
//   KERNEL(name)       the level's name of a kernel
//   TARGET             features that the compiler may use beyond those of every CPU, if any;
//                      simd/end.h ends the region in which it may use them
// and, chosen to suit the registers of the level:
//   TILE_ROWS_F32      rows of a tile of products, of two vectors each
//   FINISHED_ROWS      rows of a tile that are activated together
//   OUTER_ROWS         rows of a tile of outer products (attention/token_attention_f32.h)
//   PEAK_SUMS          sums that keep the multiply-add units busy (cpu/peak.h)

#include "common.h"

#ifndef KERNEL
#define KERNEL(name) name##__scalar
#define VF_WIDTH 4

#define TILE_ROWS_F32 4
#define FINISHED_ROWS 1
#define OUTER_ROWS 4
#define PEAK_SUMS 8
#endif

typedef float vf __attribute__((vector_size(4 * VF_WIDTH)));
typedef int32_t vi __attribute__((vector_size(4 * VF_WIDTH)));
typedef uint32_t vu __attribute__((vector_size(4 * VF_WIDTH)));

INLINE vf vf_set(float x) { return x - (vf){0}; }
INLINE vf vf_zero(void) { return vf_set(0); }

INLINE vf vf_load(const float *p) {
  vf v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE void vf_store(float *p, vf v) { __builtin_memcpy(p, &v, sizeof v); }

INLINE vf vf_load_n(const float *p, size_t n) {
  vf v = vf_zero();
  for (size_t i = 0; i < n; ++i)
    v[i] = p[i];
  return v;
}

INLINE void vf_store_n(float *p, vf v, size_t n) {
  for (size_t i = 0; i < n; ++i)
    p[i] = v[i];
}

INLINE vf vf_blend(vi mask, vf yes, vf no) { return (vf)((mask & (vi)yes) | (~mask & (vi)no)); }

INLINE vf vf_add(vf a, vf b) { return a + b; }
INLINE vf vf_sub(vf a, vf b) { return a - b; }
INLINE vf vf_mul(vf a, vf b) { return a * b; }
INLINE vf vf_div(vf a, vf b) { return a / b; }
INLINE float inverse_root(float x) { return 1.0f / __builtin_elementwise_sqrt(x); }
INLINE vf vf_max(vf a, vf b) { return vf_blend(a > b, a, b); }
INLINE vf vf_min(vf a, vf b) { return vf_blend(a < b, a, b); }

INLINE vf vf_fma(vf a, vf b, vf c) {
#if defined(__ARM_FEATURE_FMA)
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

INLINE vf vf_abs(vf a) { return (vf)((vi)a & 0x7fffffff); }
INLINE vf vf_copysign(vf magnitude, vf sign) {
  return vf_blend((vi){0} + 0x7fffffff, magnitude, sign);
}

/// a < b ? yes : no, lane by lane.
INLINE vf vf_select_less(vf a, vf b, vf yes, vf no) { return vf_blend(a < b, yes, no); }

/// The first n lanes of v, `other` elsewhere.
INLINE vf vf_keep_n(vf v, size_t n, vf other) {
  vi lane;
  UNROLLED for (int i = 0; i < VF_WIDTH; ++i) lane[i] = i;
  return vf_blend(lane < (int32_t)n, v, other);
}

/// Nearest integer, ties to even, for |a| < 2^22 (adding 1.5 * 2^23 leaves no fraction bits).
INLINE vf vf_round(vf a) {
  const vf magic = vf_set(12582912.0f);
  return (a + magic) - magic;
}

/// a * 2^n for integer-valued n in [-126, 127]. The exponent is built from n's magic-number bits,
/// which are defined even when n is NaN.
INLINE vf vf_scale2(vf a, vf n) {
  const vf magic = vf_set(12582912.0f);
  const vi bits = (vi)(n + magic) - (vi)magic + 127;
  return a * (vf)((vu)bits << 23);
}

/// Each fold combines the upper half of the lanes with the lower half.
INLINE float vf_sum(vf v) {
  UNROLLED for (int half = VF_WIDTH / 2; half > 0; half /= 2) {
    UNROLLED for (int i = 0; i < half; ++i) v[i] += v[i + half];
  }
  return v[0];
}

INLINE float vf_largest(vf v) {
  UNROLLED for (int half = VF_WIDTH / 2; half > 0; half /= 2) {
    UNROLLED for (int i = 0; i < half; ++i) v[i] = v[i] > v[i + half] ? v[i] : v[i + half];
  }
  return v[0];
}

INLINE float vf_smallest(vf v) {
  UNROLLED for (int half = VF_WIDTH / 2; half > 0; half /= 2) {
    UNROLLED for (int i = 0; i < half; ++i) v[i] = v[i] < v[i + half] ? v[i] : v[i + half];
  }
  return v[0];
}

INLINE void vf_extremes(vf low, vf high, float *minimum, float *maximum) {
  *minimum = vf_smallest(low);
  *maximum = vf_largest(high);
}

#if VF_WIDTH == 4
/// Lane values a[0] a[0] a[1] a[1] ... of VF_WIDTH / 2 loaded floats.
INLINE vf vf_load_twice(const float *p) { return (vf){p[0], p[0], p[1], p[1]}; }
INLINE vf vf_swap_pairs(vf v) { return __builtin_shufflevector(v, v, 1, 0, 3, 2); }

/// a * b - c in even lanes, a * b + c in odd ones.
INLINE vf vf_fmaddsub(vf a, vf b, vf c) { return a * b + c * (vf){-1, 1, -1, 1}; }

/// Transposes VF_WIDTH vectors of VF_WIDTH lanes.
INLINE void vf_transpose(vf m[VF_WIDTH]) {
  const vf a = __builtin_shufflevector(m[0], m[1], 0, 4, 1, 5);
  const vf b = __builtin_shufflevector(m[0], m[1], 2, 6, 3, 7);
  const vf c = __builtin_shufflevector(m[2], m[3], 0, 4, 1, 5);
  const vf d = __builtin_shufflevector(m[2], m[3], 2, 6, 3, 7);
  m[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  m[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  m[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  m[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}
#else
INLINE void vf_transpose(vf m[VF_WIDTH]) {
  vf columns[VF_WIDTH];
  for (int i = 0; i < VF_WIDTH; ++i)
    for (int j = 0; j < VF_WIDTH; ++j) columns[i][j] = m[j][i];
  __builtin_memcpy(m, columns, sizeof columns);
}
#endif

/// Stores the first n lanes, integer-valued floats in [0, 255], as bytes.
INLINE void vf_store_u8_n(uint8_t *p, vf v, size_t n) {
  for (size_t i = 0; i < n; ++i)
    p[i] = (uint8_t)v[i];
}
