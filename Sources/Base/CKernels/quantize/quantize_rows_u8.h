// quantize_rows_u8, written once for all levels. Operations round separately and in the same order
// on every level, so the integers agree. Non-finite input is harmless: a NaN becomes
// byte 0, and a row whose range overflows is clamped at scale 1.

#ifndef SAM2_QUANTIZE_ROWS_U8_H
#define SAM2_QUANTIZE_ROWS_U8_H

#include "scales.h"

/// Per-lane minimum and maximum of a row, zero included.
INLINE void row_extremes(const float *x, size_t depth, vf *minimum, vf *maximum) {
  vf low = vf_zero(), high = vf_zero(), low1 = vf_zero(), high1 = vf_zero();
  size_t k = 0;
  for (; k + 2 * VF_WIDTH <= depth; k += 2 * VF_WIDTH) {
    const vf v = vf_load(x + k), v1 = vf_load(x + k + VF_WIDTH);
    low = vf_min(v, low);
    high = vf_max(v, high);
    low1 = vf_min(v1, low1);
    high1 = vf_max(v1, high1);
  }
  if (k + VF_WIDTH <= depth) {
    const vf v = vf_load(x + k);
    low = vf_min(v, low);
    high = vf_max(v, high);
    k += VF_WIDTH;
  }
  if (k < depth) {
    // Absent lanes load as zero, which never extends the range.
    const vf v = vf_load_n(x + k, depth - k);
    low = vf_min(v, low);
    high = vf_max(v, high);
  }
  *minimum = vf_min(low, low1);
  *maximum = vf_max(high, high1);
}

#ifndef OWN_BLOCK

/// round(clamp(v * inverse, -zero, 255 - zero)) + zero: the bounds are integers, so clamping first
/// gives the same bytes and keeps every value in the range that vf_round accepts. vf_max(NaN, low)
/// is low, hence the order of the operands.
INLINE vf quantize(vf v, vf inverse, vf zero) {
  const vf lowest = vf_sub(vf_zero(), zero), highest = vf_sub(vf_set(255.0f), zero);
  const vf clamped = vf_min(vf_max(vf_mul(v, inverse), lowest), highest);
  return vf_add(vf_round(clamped), zero);
}

/// Writes the bytes of a row of `depth` numbers, then `zero` up to `ld_out`.
INLINE void quantize_row(const float *x, size_t depth, uint8_t *out, size_t ld_out, float inverse,
                         int32_t zero) {
  const vf factor = vf_set(inverse), point = vf_set((float)zero);
  size_t k = 0;
  for (; k + VF_WIDTH <= depth; k += VF_WIDTH)
    vf_store_u8_n(out + k, quantize(vf_load(x + k), factor, point), VF_WIDTH);
  if (k < depth)
    vf_store_u8_n(out + k, quantize(vf_load_n(x + k, depth - k), factor, point), depth - k);
  // The rest is short: calling memset for each row would cost more than storing the bytes.
  for (k = depth; k + VF_WIDTH <= ld_out; k += VF_WIDTH) vf_store_u8_n(out + k, point, VF_WIDTH);
  if (k < ld_out)
    vf_store_u8_n(out + k, point, ld_out - k);
}
#endif

#ifndef OWN_STEPS
/// Rows whose steps are found together.
#define ROWS_AT_ONCE 1

/// Finds each row's step, the inverse of the step and the zero point from the row's extremes.
INLINE void find_steps(const vf *low, const vf *high, float *step, float *inverse, int32_t *zero) {
  float minimum, maximum;
  vf_extremes(*low, *high, &minimum, &maximum);
  *step = (maximum - minimum) / 255.0f;
  if (!(*step >= MIN_SCALE && *step <= MAX_SCALE))
    *step = 1.0f, minimum = 0;
  *inverse = 1.0f / *step;
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, ties to even.
  const float shifted = -minimum * *inverse + 12582912.0f;
  const float offset = shifted - 12582912.0f;
  *zero = offset < 0 ? 0 : offset > 255 ? 255 : (int32_t)offset;
}
#endif

static void KERNEL(quantize_rows_u8)(const float *x, size_t ldx, size_t rows, size_t depth,
                                     uint8_t *out, size_t ld_out, float *scale, int32_t *zero) {
  for (size_t first = 0; first < rows; first += ROWS_AT_ONCE) {
    const size_t count = min_size(ROWS_AT_ONCE, rows - first);
    vf low[ROWS_AT_ONCE], high[ROWS_AT_ONCE];
    float step[ROWS_AT_ONCE], inverse[ROWS_AT_ONCE];
    int32_t point[ROWS_AT_ONCE];
    UNROLLED for (size_t i = 0; i < ROWS_AT_ONCE; ++i)
      row_extremes(x + (first + min_size(i, count - 1)) * ldx, depth, &low[i], &high[i]);
    find_steps(low, high, step, inverse, point);
    for (size_t i = 0; i < count; ++i) {
      const size_t row = first + i;
      scale[row] = step[i];
      zero[row] = point[i];
      quantize_row(x + row * ldx, depth, out + row * ld_out, ld_out, inverse[i], point[i]);
    }
  }
}

#endif
