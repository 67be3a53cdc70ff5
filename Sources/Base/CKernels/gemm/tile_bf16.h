// The bfloat16 microkernel: a TILE_ROWS_BF16 x TILE_COLUMNS block of a product, with sums in
// registers. Shared by gemm_bf16 and attention_bf16.

#ifndef SAM2_TILE_BF16_H
#define SAM2_TILE_BF16_H

#include "tiles.h"

#ifdef BF16_BY_TILES
#include "tile_bf16_matrix.h"
#else

/// Rows of the next tile when `left` rows remain.
INLINE size_t next_tile_bf16(size_t left) { return tile_height(left, TILE_ROWS_BF16); }

INLINE void begin_tiles_bf16(void) {}
INLINE void end_tiles_bf16(void) {}

typedef void (*tile_bf16)(const uint16_t *a, size_t lda, const uint16_t *b, size_t depth, float *c,
                          size_t ldc, int accumulate);

INLINE uint32_t load_pair(const char *p) {
  uint32_t pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return pair;
}

// Row r of A is addressed as in tile_f32.h: one of a few pointers plus a small multiple of the
// stride.
INLINE void pair_step(const int rows, const char *const base[5], size_t stride, size_t pair,
                      const uint16_t *b, vf sum[][2]) {
  const vh b0 = vh_load(b), b1 = vh_load(b + TILE_COLUMNS);
  UNROLLED for (int r = 0; r < rows; ++r) {
    const vh x = vh_set(load_pair(base[r / 3] + r % 3 * stride + pair * sizeof(uint32_t)));
    sum[r][0] = vf_dot(sum[r][0], x, b0);
    sum[r][1] = vf_dot(sum[r][1], x, b1);
  }
}

INLINE void pair_rows_tile(const int rows, const uint16_t *a, size_t lda, const uint16_t *b,
                           size_t depth, float *c, size_t ldc, int accumulate) {
  // One or two rows alone would be bound by the latency of their sums, so they get several sets.
  const int sets = rows == 1 ? 4 : rows == 2 ? 2 : 1;
  const size_t stride = lda * sizeof *a, pairs = depth / 2;
  const char *base[5];
  UNROLLED for (int i = 0; i < 5; ++i) base[i] = (const char *)a + 3 * i * stride;

  vf sum[TILE_ROWS_BF16][2];
  UNROLLED for (int r = 0; r < rows; ++r) {
    sum[r][0] = accumulate ? vf_load(c + r * ldc) : vf_zero();
    sum[r][1] = accumulate ? vf_load(c + r * ldc + VF_WIDTH) : vf_zero();
  }
  UNROLLED for (int r = rows; r < sets * rows; ++r) sum[r][0] = sum[r][1] = vf_zero();
  size_t k = 0;
  for (; k + 4 <= pairs; k += 4) {
    UNROLLED for (size_t u = 0; u < 4; ++u)
      pair_step(rows, base, stride, u, b + u * 2 * TILE_COLUMNS, sum + (int)u % sets * rows);
    UNROLLED for (int i = 0; i < 5; ++i) {
      base[i] += 4 * sizeof(uint32_t);
      // Keeps the compiler from splitting up the pointers again.
      if (3 * i < rows)
        __asm__("" : "+r"(base[i]));
    }
    b += 4 * 2 * TILE_COLUMNS;
  }
  for (; k < pairs; ++k, b += 2 * TILE_COLUMNS) {
    pair_step(rows, base, stride, 0, b, sum);
    UNROLLED for (int i = 0; i < 5; ++i) base[i] += sizeof(uint32_t);
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

#define TILE_FUNCTION_BF16(rows)                                                                   \
  static void tile_bf16_##rows(const uint16_t *a, size_t lda, const uint16_t *b, size_t depth,     \
                               float *c, size_t ldc, int accumulate) {                             \
    pair_rows_tile(rows, a, lda, b, depth, c, ldc, accumulate);                                    \
  }

EACH_TO(TILE_ROWS_BF16, TILE_FUNCTION_BF16)

/// tiles_bf16[r - 1] computes r rows.
#define TILE_NAME_BF16(rows) tile_bf16_##rows,
static const tile_bf16 tiles_bf16[TILE_ROWS_BF16] = {EACH_TO(TILE_ROWS_BF16, TILE_NAME_BF16)};

/// c[rows, TILE_COLUMNS] = a[rows, depth] * b, plus c when `accumulate`. `depth` is a multiple of
/// DEPTH_MULTIPLE_BF16; b is [depth / 2][TILE_COLUMNS] pairs. Rows of `a` are `lda` elements apart,
/// an even number.
INLINE void multiply_tile_bf16(size_t rows, const uint16_t *a, size_t lda, const uint16_t *b,
                               size_t depth, float *c, size_t ldc, int accumulate) {
  tiles_bf16[rows - 1](a, lda, b, depth, c, ldc, accumulate);
}

#endif

#endif
