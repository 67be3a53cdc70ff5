// Elementwise kernels, written once for all levels.

#ifndef SAM2_ELEMENTWISE_F32_H
#define SAM2_ELEMENTWISE_F32_H

#include "../simd/math.h"

/// Evaluates `expression` for each vector `a` = x[i...] and stores it in y; the last vector may be
/// partial.
#define MAP1(x, y, count, expression)                                                              \
  do {                                                                                             \
    size_t i = 0;                                                                                  \
    for (; i + VF_WIDTH <= (count); i += VF_WIDTH) {                                               \
      const vf a = vf_load((x) + i);                                                               \
      vf_store((y) + i, expression);                                                               \
    }                                                                                              \
    if (i < (count)) {                                                                             \
      const vf a = vf_load_n((x) + i, (count) - i);                                                \
      vf_store_n((y) + i, expression, (count) - i);                                                \
    }                                                                                              \
  } while (0)

/// The same with `a` = x[i...] and `b` = z[i...].
#define MAP2(x, z, y, count, expression)                                                           \
  do {                                                                                             \
    size_t i = 0;                                                                                  \
    for (; i + VF_WIDTH <= (count); i += VF_WIDTH) {                                               \
      const vf a = vf_load((x) + i), b = vf_load((z) + i);                                         \
      vf_store((y) + i, expression);                                                               \
    }                                                                                              \
    if (i < (count)) {                                                                             \
      const vf a = vf_load_n((x) + i, (count) - i), b = vf_load_n((z) + i, (count) - i);           \
      vf_store_n((y) + i, expression, (count) - i);                                                \
    }                                                                                              \
  } while (0)

INLINE vf activated(vf x, sam2_activation activation) {
  vf_activate(&x, 1, activation);
  return x;
}

static void KERNEL(activate_f32)(const float *x, float *y, size_t count,
                                 sam2_activation activation) {
  switch (activation) {
  case SAM2_ACT_RELU:
    MAP1(x, y, count, activated(a, SAM2_ACT_RELU));
    break;
  case SAM2_ACT_GELU:
    MAP1(x, y, count, activated(a, SAM2_ACT_GELU));
    break;
  case SAM2_ACT_SIGMOID:
    MAP1(x, y, count, activated(a, SAM2_ACT_SIGMOID));
    break;
  case SAM2_ACT_QUICK_GELU:
    MAP1(x, y, count, activated(a, SAM2_ACT_QUICK_GELU));
    break;
  case SAM2_ACT_ELU:
    MAP1(x, y, count, activated(a, SAM2_ACT_ELU));
    break;
  case SAM2_ACT_NONE:
    __builtin_memmove(y, x, count * sizeof(float));
    break;
  }
}

static void KERNEL(add_f32)(const float *a_, const float *b_, float *out, size_t count) {
  MAP2(a_, b_, out, count, vf_add(a, b));
}

static void KERNEL(multiply_f32)(const float *a_, const float *b_, float *out, size_t count) {
  MAP2(a_, b_, out, count, vf_mul(a, b));
}

static void KERNEL(affine_f32)(const float *x, float *y, size_t count, float scale, float offset) {
  const vf s = vf_set(scale), o = vf_set(offset);
  MAP1(x, y, count, vf_fma(a, s, o));
}

static void KERNEL(scale_rows_f32)(const float *x, size_t ldx, float *y, size_t ldy, size_t rows,
                                   size_t columns, const float *scale, const float *shift) {
  for (size_t row = 0; row < rows; ++row, x += ldx, y += ldy) {
    size_t i = 0;
    for (; i + VF_WIDTH <= columns; i += VF_WIDTH)
      vf_store(y + i, vf_fma(vf_load(x + i), vf_load(scale + i), vf_load(shift + i)));
    if (i < columns) {
      const size_t rest = columns - i;
      const vf scaled = vf_fma(vf_load_n(x + i, rest), vf_load_n(scale + i, rest),
                               vf_load_n(shift + i, rest));
      vf_store_n(y + i, scaled, rest);
    }
  }
}

static void KERNEL(blend_rows_f32)(const float *a_, const float *b_, float wa, float wb, float *y,
                                   size_t count) {
  const vf va = vf_set(wa), vb = vf_set(wb);
  MAP2(a_, b_, y, count, vf_fma(a, va, vf_mul(b, vb)));
}

#endif
