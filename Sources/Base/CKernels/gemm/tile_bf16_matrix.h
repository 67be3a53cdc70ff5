// The bfloat16 microkernel with tile registers: 32 rows and a panel of 32 columns.

#ifndef SAM2_TILE_BF16_MATRIX_H
#define SAM2_TILE_BF16_MATRIX_H

/// Tiles are whole: a block has room for rows past the last, whose results are meaningless.
INLINE size_t next_tile_bf16(size_t left) { return min_size(left, TILE_ROWS_BF16); }

INLINE void begin_tiles_bf16(void) { amx_begin(); }
INLINE void end_tiles_bf16(void) { amx_end(); }

/// A block of sums in registers 0...3, loaded or stored as rows of 32 floats, `stride` bytes apart.
#define AMX_EACH_SUM(tiles, move, c, stride)                                                       \
  do {                                                                                             \
    move(0, c, stride);                                                                            \
    move(1, (c) + MATRIX_ROWS, stride);                                                            \
    if ((tiles) > 1) {                                                                             \
      move(2, (c) + MATRIX_ROWS * ldc, stride);                                                    \
      move(3, (c) + MATRIX_ROWS * ldc + MATRIX_ROWS, stride);                                      \
    }                                                                                              \
  } while (0)

INLINE void multiply_block_bf16(const int tiles, const amx_operands *x, size_t steps, float *c,
                                size_t ldc, int accumulate) {
  if (accumulate)
    AMX_EACH_SUM(tiles, amx_load, c, ldc * sizeof *c);
  else
    amx_zero_block(tiles, 2);
  for (size_t step = 0; step < steps; ++step) amx_add_step(AMX_BF16, tiles, 2, x, step);
  AMX_EACH_SUM(tiles, amx_store, c, ldc * sizeof *c);
}

/// As in tile_bf16.h; reads and writes up to the last row of a tile of 16.
INLINE void multiply_tile_bf16(size_t rows, const uint16_t *a, size_t lda, const uint16_t *b,
                               size_t depth, float *c, size_t ldc, int accumulate) {
  const amx_operands x = {a, lda * sizeof *a, b};
  const size_t steps = depth / DEPTH_MULTIPLE_BF16;
  if (rows > MATRIX_ROWS)
    multiply_block_bf16(2, &x, steps, c, ldc, accumulate);
  else
    multiply_block_bf16(1, &x, steps, c, ldc, accumulate);
}

#endif
