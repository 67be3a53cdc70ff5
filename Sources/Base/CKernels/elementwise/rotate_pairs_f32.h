// rotate_pairs_f32, written once for all levels.

#ifndef SAM2_ROTATE_PAIRS_F32_H
#define SAM2_ROTATE_PAIRS_F32_H

/// Rotates one row: y = x * (c c ...) -+ swapped x * (s s ...).
INLINE void rotate_row(const float *x, float *y, size_t columns, const float *cosine,
                       const float *sine) {
  size_t i = 0;
  for (; i + VF_WIDTH <= columns; i += VF_WIDTH) {
    const vf a = vf_load(x + i);
    const vf swapped = vf_mul(vf_swap_pairs(a), vf_load_twice(sine + i / 2));
    vf_store(y + i, vf_fmaddsub(a, vf_load_twice(cosine + i / 2), swapped));
  }
  for (; i + 2 <= columns; i += 2) {
    const float even = x[i], odd = x[i + 1], c = cosine[i / 2], s = sine[i / 2];
    y[i] = even * c - odd * s;
    y[i + 1] = even * s + odd * c;
  }
}

static void KERNEL(rotate_pairs_f32)(const float *x, size_t ldx, float *y, size_t ldy, size_t rows,
                                     size_t columns, const float *cosine, const float *sine,
                                     size_t table_rows, size_t first_row) {
  const size_t pairs = columns / 2;
  size_t entry = first_row % table_rows;
  for (size_t r = 0; r < rows; ++r) {
    rotate_row(x + r * ldx, y + r * ldy, columns, cosine + entry * pairs, sine + entry * pairs);
    entry = entry + 1 == table_rows ? 0 : entry + 1;
  }
}

#endif
