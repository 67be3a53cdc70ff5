// layer_norm_f32, written once for all levels: the mean, then the centred variance (two passes over
// a row in L1), then the affine map. Accurate where E[x^2] - mean^2 would suffer cancellation.

#ifndef SAM2_LAYER_NORM_F32_H
#define SAM2_LAYER_NORM_F32_H

INLINE float sum_row(const float *x, size_t columns) {
  vf sum0 = vf_zero(), sum1 = vf_zero();
  size_t i = 0;
  for (; i + 2 * VF_WIDTH <= columns; i += 2 * VF_WIDTH) {
    sum0 = vf_add(sum0, vf_load(x + i));
    sum1 = vf_add(sum1, vf_load(x + i + VF_WIDTH));
  }
  for (; i < columns; i += VF_WIDTH)
    sum0 = vf_add(sum0, columns - i < VF_WIDTH ? vf_load_n(x + i, columns - i) : vf_load(x + i));
  return vf_sum(vf_add(sum0, sum1));
}

INLINE float sum_squares(const float *x, size_t columns, float mean) {
  const vf centre = vf_set(mean);
  vf sum0 = vf_zero(), sum1 = vf_zero();
  size_t i = 0;
  for (; i + 2 * VF_WIDTH <= columns; i += 2 * VF_WIDTH) {
    const vf a = vf_sub(vf_load(x + i), centre), b = vf_sub(vf_load(x + i + VF_WIDTH), centre);
    sum0 = vf_fma(a, a, sum0);
    sum1 = vf_fma(b, b, sum1);
  }
  for (; i < columns; i += VF_WIDTH) {
    const size_t n = columns - i;
    vf a = vf_sub(n < VF_WIDTH ? vf_load_n(x + i, n) : vf_load(x + i), centre);
    if (n < VF_WIDTH)
      a = vf_keep_n(a, n, vf_zero());
    sum0 = vf_fma(a, a, sum0);
  }
  return vf_sum(vf_add(sum0, sum1));
}

INLINE vf normalise(vf x, vf mean, vf inverse, vf weight, vf bias) {
  return vf_fma(vf_mul(vf_sub(x, mean), inverse), weight, bias);
}

static void KERNEL(layer_norm_f32)(const float *x, size_t ldx, float *y, size_t ldy, size_t rows,
                                   size_t columns, const float *weight, const float *bias,
                                   float epsilon) {
  for (size_t r = 0; r < rows; ++r, x += ldx, y += ldy) {
    const float mean = sum_row(x, columns) / (float)columns;
    const float variance = sum_squares(x, columns, mean) / (float)columns;
    const vf centre = vf_set(mean);
    const vf inverse = vf_set(inverse_root(variance + epsilon));
    size_t i = 0;
    for (; i + VF_WIDTH <= columns; i += VF_WIDTH)
      vf_store(y + i, normalise(vf_load(x + i), centre, inverse, vf_load(weight + i),
                                vf_load(bias + i)));
    const size_t n = columns - i;
    if (n)
      vf_store_n(y + i,
                 normalise(vf_load_n(x + i, n), centre, inverse, vf_load_n(weight + i, n),
                           vf_load_n(bias + i, n)),
                 n);
  }
}

#endif
