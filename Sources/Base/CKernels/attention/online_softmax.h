// Softmax over tiles of keys: a running maximum and sum for each query (Milakov & Gimelshein 2018).
// Shared by attention_f32 and attention_bf16.

#ifndef SAM2_ONLINE_SOFTMAX_H
#define SAM2_ONLINE_SOFTMAX_H

#include "../gemm/tiles.h"
#include "../simd/math.h"

INLINE size_t padded(size_t columns) {
  return (columns + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS;
}

/// Replaces one row of scores with weights exp(score - maximum), updates the running maximum and
/// sum, and returns the factor by which earlier sums must be scaled.
static float softmax_row(float *scores, size_t count, float *maximum, float *total) {
  const size_t whole = count / VF_WIDTH * VF_WIDTH, rest = count - whole;
  const vf lowest = vf_set(-__builtin_inff());
  vf top = vf_set(*maximum);
  for (size_t i = 0; i < whole; i += VF_WIDTH)
    top = vf_max(top, vf_load(scores + i));
  if (rest)
    top = vf_max(top, vf_keep_n(vf_load(scores + whole), rest, lowest));
  const float largest = vf_largest(top);
  const vf subtract = vf_set(largest);

  vf sum0 = vf_zero(), sum1 = vf_zero();
  size_t i = 0;
  for (; i + 2 * VF_WIDTH <= whole; i += 2 * VF_WIDTH) {
    const vf a = vf_exp_nonpositive(vf_sub(vf_load(scores + i), subtract));
    const vf b = vf_exp_nonpositive(vf_sub(vf_load(scores + i + VF_WIDTH), subtract));
    vf_store(scores + i, a);
    vf_store(scores + i + VF_WIDTH, b);
    sum0 = vf_add(sum0, a);
    sum1 = vf_add(sum1, b);
  }
  for (; i < count; i += VF_WIDTH) {
    vf a = vf_exp_nonpositive(vf_sub(vf_load(scores + i), subtract));
    if (count - i < VF_WIDTH)
      a = vf_keep_n(a, count - i, vf_zero());
    vf_store(scores + i, a);
    sum0 = vf_add(sum0, a);
  }
  const vf change = vf_exp_nonpositive(vf_sub(vf_set(*maximum), subtract));
  float factors[VF_WIDTH];
  vf_store(factors, change);
  *maximum = largest;
  *total = *total * factors[0] + vf_sum(vf_add(sum0, sum1));
  return factors[0];
}

/// Scales sums to compensate for a larger maximum.
INLINE void scale_sums(float *sums, size_t width, float factor) {
  if (factor != 1)
    for (size_t n = 0; n < width; n += VF_WIDTH)
      vf_store(sums + n, vf_mul(vf_load(sums + n), vf_set(factor)));
}

/// Stores the results of `rows` queries from `first` on: their sums [rows, width] divided by their
/// total weights.
static void store_output(const sam2_attention_f32 *task, size_t first, size_t rows,
                         const float *sums, size_t width, const float *total) {
  for (size_t r = 0; r < rows; ++r, sums += width) {
    float *out = task->out + (first + r) * task->ldo;
    const float inverse = 1.0f / total[r];
    for (size_t n = 0; n < task->value_depth; ++n)
      out[n] = sums[n] * inverse;
  }
}

#endif
