// The float microkernel: a TILE_ROWS_F32 x TILE_COLUMNS block of a product, with sums in registers.
// Shared by gemm_f32 (B packed in panels) and attention_f32 (scores from packed keys, then weights
// times values read in place).

#ifndef SAM2_TILE_F32_H
#define SAM2_TILE_F32_H

#include "tiles.h"

/// c[rows, TILE_COLUMNS] = a[rows, depth] * b[depth, TILE_COLUMNS], plus c when `accumulate`.
typedef void (*tile_f32)(const float *a, size_t lda, const float *b, size_t ldb, size_t depth,
                         float *c, size_t ldc, int accumulate);

/// Row r of A as one of a few pointers plus a small multiple of the stride. Fourteen pointers would
/// not fit in the general registers, and reloading them would cost as many loads as A itself.
#define TILE_A(r) ((const float *)(base[(r) / 3] + ((r) % 3) * stride))

INLINE void tile_step(const int rows, const char *const base[5], size_t stride, size_t k,
                      const float *b, vf sum[][2]) {
  const vf b0 = vf_load(b), b1 = vf_load(b + VF_WIDTH);
  UNROLLED for (int r = 0; r < rows; ++r) {
    const vf x = vf_set(TILE_A(r)[k]);
    sum[r][0] = vf_fma(x, b0, sum[r][0]);
    sum[r][1] = vf_fma(x, b1, sum[r][1]);
  }
}

INLINE void tile_rows(const int rows, const float *a, size_t lda, const float *b, size_t ldb,
                      size_t depth, float *c, size_t ldc, int accumulate) {
  // One or two rows alone would be bound by the latency of their sums, so they get several sets.
  const int sets = rows == 1 ? 4 : rows == 2 ? 2 : 1;
  const size_t stride = lda * sizeof(float);
  const char *base[5];
  UNROLLED for (int i = 0; i < 5; ++i) base[i] = (const char *)a + 3 * i * stride;

  vf sum[TILE_ROWS_F32][2];
  UNROLLED for (int r = 0; r < rows; ++r) {
    sum[r][0] = accumulate ? vf_load(c + r * ldc) : vf_zero();
    sum[r][1] = accumulate ? vf_load(c + r * ldc + VF_WIDTH) : vf_zero();
  }
  UNROLLED for (int r = rows; r < sets * rows; ++r) sum[r][0] = sum[r][1] = vf_zero();
  size_t k = 0;
  for (; k + 4 <= depth; k += 4) {
    UNROLLED for (size_t u = 0; u < 4; ++u)
      tile_step(rows, base, stride, u, b + u * ldb, sum + (int)u % sets * rows);
    UNROLLED for (int i = 0; i < 5; ++i) {
      base[i] += 4 * sizeof(float);
      // Keeps the compiler from splitting up the pointers again.
      if (3 * i < rows)
        __asm__("" : "+r"(base[i]));
    }
    b += 4 * ldb;
  }
  for (; k < depth; ++k, b += ldb) {
    tile_step(rows, base, stride, 0, b, sum);
    UNROLLED for (int i = 0; i < 5; ++i) base[i] += sizeof(float);
  }
  UNROLLED for (int r = rows; r < sets * rows; ++r) {
    sum[r % rows][0] = vf_add(sum[r % rows][0], sum[r][0]);
    sum[r % rows][1] = vf_add(sum[r % rows][1], sum[r][1]);
  }
  UNROLLED for (int r = 0; r < rows; ++r) {
    vf_store(c + r * ldc, sum[r][0]);
    vf_store(c + r * ldc + VF_WIDTH, sum[r][1]);
  }
}

#define TILE_FUNCTION(rows)                                                                        \
  static void tile_f32_##rows(const float *a, size_t lda, const float *b, size_t ldb,              \
                              size_t depth, float *c, size_t ldc, int accumulate) {                \
    tile_rows(rows, a, lda, b, ldb, depth, c, ldc, accumulate);                                    \
  }

EACH_TO(TILE_ROWS_F32, TILE_FUNCTION)

/// tiles_f32[r - 1] computes r rows.
#define TILE_NAME(rows) tile_f32_##rows,
static const tile_f32 tiles_f32[TILE_ROWS_F32] = {EACH_TO(TILE_ROWS_F32, TILE_NAME)};

#endif
