// Pieces of attention between a few tokens and the many cells of an image, float32. The executor
// joins them with gemm_f32. Scores are stored by cell: a row is a cell, and a column is a head of a
// token (token * heads + head). So columns are lanes, and only the last fold, over tokens that
// share a vector, needs shuffles within a row.

#ifndef SAM2_TOKEN_ATTENTION_F32_H
#define SAM2_TOKEN_ATTENTION_F32_H

#include "../simd/math.h"

/// Lane i becomes lane (i + shift) mod VF_WIDTH.
INLINE vf rotated(vf v, size_t shift) {
  float twice[2 * VF_WIDTH];
  vf_store(twice, v);
  vf_store(twice + VF_WIDTH, v);
  return vf_load(twice + shift);
}

/// Softmax over the tokens of each head in one row, for the heads in the lanes from `first` on.
INLINE void softmax_row_heads(float *row, size_t first, size_t columns, size_t heads, size_t unit) {
  vf top = vf_set(-__builtin_inff());
  for (size_t c = first; c < columns; c += unit) top = vf_max(vf_load(row + c), top);
  for (size_t shift = heads; shift < VF_WIDTH; shift *= 2) top = vf_max(rotated(top, shift), top);
  vf sum = vf_zero();
  for (size_t c = first; c < columns; c += unit) {
    const vf weight = vf_exp_nonpositive(vf_sub(vf_load(row + c), top));
    vf_store(row + c, weight);
    sum = vf_add(sum, weight);
  }
  for (size_t shift = heads; shift < VF_WIDTH; shift *= 2) sum = vf_add(sum, rotated(sum, shift));
  const vf inverse = vf_div(vf_set(1.0f), sum);
  for (size_t c = first; c < columns; c += unit) vf_store(row + c, vf_mul(vf_load(row + c), inverse));
}

static void KERNEL(softmax_groups_f32)(float *scores, size_t ld, size_t rows, size_t columns,
                                       size_t heads) {
  const size_t unit = heads < VF_WIDTH ? VF_WIDTH : heads;
  for (size_t r = 0; r < rows; ++r)
    for (size_t first = 0; first < unit; first += VF_WIDTH)
      softmax_row_heads(scores + r * ld, first, columns, heads, unit);
}

static void KERNEL(softmax_columns_f32)(float *scores, size_t ld, size_t rows, size_t columns,
                                        float *maximum, float *total, float *factor) {
  for (size_t c = 0; c < columns; c += VF_WIDTH) {
    const vf before = vf_load(maximum + c);
    vf top = before;
    for (size_t r = 0; r < rows; ++r) top = vf_max(vf_load(scores + r * ld + c), top);
    vf sum = vf_zero();
    for (size_t r = 0; r < rows; ++r) {
      float *p = scores + r * ld + c;
      const vf weight = vf_exp_nonpositive(vf_sub(vf_load(p), top));
      vf_store(p, weight);
      sum = vf_add(sum, weight);
    }
    const vf change = vf_exp_nonpositive(vf_sub(before, top));
    vf_store(factor + c, change);
    vf_store(maximum + c, top);
    vf_store(total + c, vf_fma(vf_load(total + c), change, sum));
  }
}

/// Adds to OUTER_ROWS rows and `vectors` vectors of the sums.
INLINE void add_outer_tile(const int vectors, const float *a, size_t lda, const float *b,
                           size_t ldb, float *c, size_t ldc, size_t depth, const float *factor) {
  vf sum[OUTER_ROWS][2];
  UNROLLED for (int r = 0; r < OUTER_ROWS; ++r) {
    const vf share = vf_set(factor[r]);
    UNROLLED for (int v = 0; v < vectors; ++v)
      sum[r][v] = vf_mul(vf_load(c + r * ldc + v * VF_WIDTH), share);
  }
  for (size_t k = 0; k < depth; ++k, a += lda, b += ldb) {
    vf row[2];
    UNROLLED for (int v = 0; v < vectors; ++v) row[v] = vf_load(b + v * VF_WIDTH);
    UNROLLED for (int r = 0; r < OUTER_ROWS; ++r) {
      const vf x = vf_set(a[r]);
      UNROLLED for (int v = 0; v < vectors; ++v) sum[r][v] = vf_fma(x, row[v], sum[r][v]);
    }
  }
  UNROLLED for (int r = 0; r < OUTER_ROWS; ++r) {
    UNROLLED for (int v = 0; v < vectors; ++v) vf_store(c + r * ldc + v * VF_WIDTH, sum[r][v]);
  }
}

static void KERNEL(add_outer_f32)(const float *a, size_t lda, const float *b, size_t ldb, float *c,
                                  size_t ldc, size_t rows, size_t columns, size_t depth,
                                  const float *factor) {
  for (size_t n = 0; n < columns; n += 2 * VF_WIDTH)
    for (size_t r = 0; r < rows; r += OUTER_ROWS) {
      float *out = c + r * ldc + n;
      if (n + 2 * VF_WIDTH <= columns)
        add_outer_tile(2, a + r, lda, b + n, ldb, out, ldc, depth, factor + r);
      else
        add_outer_tile(1, a + r, lda, b + n, ldb, out, ldc, depth, factor + r);
    }
}

#endif
