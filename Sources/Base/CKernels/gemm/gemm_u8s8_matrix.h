// gemm_u8s8 by tile registers: blocks of 32 rows and a panel of 32 columns.
//
// Sums can leave the registers only through memory: those of a block are stored in one of two
// scratches of 4 KB, and become output between the products of the next block, a few rows after
// each.

#ifndef SAM2_GEMM_U8S8_MATRIX_H
#define SAM2_GEMM_U8S8_MATRIX_H

/// Products smaller than a tile use vectors.
INLINE int fits_tiles(size_t rows, size_t depth) {
  return rows >= MATRIX_ROWS && depth >= MATRIX_DEPTH;
}

/// Rows of a block: [start, end), of which those from `first` on are new. A block is one or two
/// whole tiles, so the last block of a product repeats rows of the previous one.
typedef struct {
  size_t start, first, end;
} row_block;

INLINE row_block next_block(size_t first, size_t last) {
  const size_t left = last - first;
  const size_t limit = left > MATRIX_ROWS ? BLOCK_TILE_ROWS : MATRIX_ROWS;
  size_t end = first + min_size(left, limit), height = limit;
  if (end < height)
    end = height = MATRIX_ROWS;
  return (row_block){end - height, first, end};
}

/// A block whose sums are ready; rows [next, rows) have not been output yet.
typedef struct {
  const int32_t *sums;
  size_t next, rows;
  tile_scales scales;
  tile_output out;
} waiting_block;

/// Outputs the rows before `last`, which is at most the number of rows.
static void output_until(waiting_block *block, size_t last) {
  if (block->next >= last)
    return;
  scale_part(block->sums, block->next, last, &block->scales, &block->out);
  block->next = last;
}

/// Computes the sums of a block; meanwhile `before` is output, a share after each step.
INLINE void multiply_block(const int tiles, const amx_operands *x, size_t steps, int32_t *sums,
                           waiting_block *before) {
  amx_zero_block(tiles, 2);
  for (size_t step = 0; step < steps; ++step) {
    amx_add_step(AMX_US, tiles, 2, x, step);
    if (before)
      output_until(before, step + 1 == steps ? before->rows
                                             : before->rows * (step + 1) / steps / FINISHED_ROWS *
                                                   FINISHED_ROWS);
  }
  amx_store_block(tiles, 2, sums);
}

static void multiply_rows(const row_block *rows, const amx_operands *x, size_t depth,
                          int32_t *sums, waiting_block *before) {
  const size_t steps = packed_depth(depth) / MATRIX_DEPTH;
  if (rows->end - rows->start == BLOCK_TILE_ROWS)
    multiply_block(2, x, steps, sums, before);
  else
    multiply_block(1, x, steps, sums, before);
}

static void gemm_by_tiles(const sam2_gemm_u8s8 *task) {
  _Alignas(64) int32_t sums[2][BLOCK_TILE_ROWS * TILE_COLUMNS];
  const size_t padded_depth = packed_depth(task->depth);
  const size_t height = block_height(task->lda, task->columns * padded_depth, BLOCK_TILE_ROWS);
  waiting_block waiting = {0};
  int slot = 0;
  for (size_t first = 0; first < task->rows;) {
    const size_t last = block_end(first, height, task->rows);
    for (size_t column = 0; column < task->columns; column += TILE_COLUMNS)
      for (size_t row = first; row < last; slot = !slot) {
        const row_block block = next_block(row, last);
        const tile_output out = output_of(task, block.start, column);
        const amx_operands x = {task->a + block.start * task->lda, task->lda,
                                task->packed + column * padded_depth};
        multiply_rows(&block, &x, task->depth, sums[slot], &waiting);
        waiting.sums = sums[slot];
        waiting.next = block.first - block.start;
        waiting.rows = block.end - block.start;
        waiting.out = out;
        load_scales(task, block.start, column, out.columns, &waiting.scales);
        prefetch_output(&out, waiting.rows);
        row = block.end;
      }
    first = last;
  }
  output_until(&waiting, waiting.rows);
}

static void KERNEL(gemm_u8s8)(const sam2_gemm_u8s8 *task) {
  if (!fits_tiles(task->rows, task->depth)) {
    gemm_by_vectors(task);
    return;
  }
  amx_begin();
  gemm_by_tiles(task);
  amx_end();
}

static void sum_by_tiles(const uint8_t *a, size_t lda, const int8_t *packed, int32_t *c,
                         size_t ldc, size_t rows, size_t columns, size_t depth) {
  _Alignas(64) int32_t sums[BLOCK_TILE_ROWS * TILE_COLUMNS];
  for (size_t column = 0; column < columns; column += TILE_COLUMNS)
    for (size_t row = 0; row < rows;) {
      const row_block block = next_block(row, rows);
      const amx_operands x = {a + block.start * lda, lda, packed + column * packed_depth(depth)};
      multiply_rows(&block, &x, depth, sums, NULL);
      const size_t count = min_size(columns - column, TILE_COLUMNS);
      for (; row < block.end; ++row)
        __builtin_memcpy(c + row * ldc + column, sums + (row - block.start) * TILE_COLUMNS,
                         count * sizeof(int32_t));
    }
}

static void KERNEL(gemm_u8s8_i32)(const uint8_t *a, size_t lda, const int8_t *packed, int32_t *c,
                                  size_t ldc, size_t rows, size_t columns, size_t depth) {
  if (!fits_tiles(rows, depth)) {
    sum_by_vectors(a, lda, packed, c, ldc, rows, columns, depth);
    return;
  }
  amx_begin();
  sum_by_tiles(a, lda, packed, c, ldc, rows, columns, depth);
  amx_end();
}

#endif
