// gemm_bf16, written once for all levels.
//
// Rows of A are rounded one block at a time, and then multiplied with every panel. A block has as
// many rows as fit in the scratch. A depth longer than a chunk is added up chunk by chunk, over a
// few panels at a time, whose sums wait in another scratch.

#ifndef SAM2_GEMM_BF16_H
#define SAM2_GEMM_BF16_H

#include "finish_tile.h"
#include "pack_bf16.h"
#include "tile_bf16.h"

/// Elements of A rounded at once, and elements of the depth in a chunk. With tile registers, rows
/// come in whole tiles, and so does the room for them.
#ifdef BF16_BY_TILES
#define BLOCK_ELEMENTS 65536
#define SPARE_ROWS TILE_ROWS_BF16
#else
#define BLOCK_ELEMENTS 32768
#define SPARE_ROWS 3  // the largest number that block_end may add
#endif
#define CHUNK_DEPTH 1024
/// Rows in a block whose depth is split into chunks, and the number of panels whose sums wait.
#define CHUNKED_ROWS (BLOCK_ELEMENTS / CHUNK_DEPTH)
#define WAITING_PANELS 8

typedef struct {
  _Alignas(64) uint16_t a[BLOCK_ELEMENTS];
  _Alignas(64) float sums[WAITING_PANELS * CHUNKED_ROWS * TILE_COLUMNS];
} bf16_scratch;

/// Rows [first, last), columns [column, end) and a part of the depth.
typedef struct {
  size_t first, last;
  size_t column, end;
  size_t from, depth;
} bf16_block;

/// Adds a chunk of the depth, whose rows of A are in the scratch, to the sums of a block.
static void multiply_chunk(const sam2_gemm_f32 *task, const bf16_block *block,
                           bf16_scratch *scratch) {
  const size_t rows = block->last - block->first, lda = packed_depth_bf16(block->depth);
  const size_t whole_rows = (rows + TILE_ROWS_BF16 - 1) / TILE_ROWS_BF16 * TILE_ROWS_BF16;
  const int is_first = block->from == 0, is_last = block->from + block->depth == task->depth;
  const size_t waiting = is_first && is_last ? 0 : whole_rows * TILE_COLUMNS;
  const uint16_t *packed = task->packed;
  for (size_t column = block->column; column < block->end; column += TILE_COLUMNS) {
    const uint16_t *panel =
        packed + column * packed_depth_bf16(task->depth) + block->from * TILE_COLUMNS;
    float *sums = scratch->sums + (column - block->column) / TILE_COLUMNS * waiting;
    for (size_t row = 0; row < rows;) {
      const size_t height = next_tile_bf16(rows - row);
      const tile_output out = float_output(task, block->first + row, column);
      float *tile = waiting ? sums + row * TILE_COLUMNS : sums;
      if (is_last)
        prefetch_output(&out, height);
      multiply_tile_bf16(height, scratch->a + row * lda, lda, panel, lda, tile, TILE_COLUMNS,
                         !is_first);
      if (is_last)
        finish_tile(tile, height, &out);
      row += height;
    }
  }
}

/// Multiplies rows [first, last) with all columns.
static void multiply_rows_bf16(const sam2_gemm_f32 *task, size_t first, size_t last,
                               bf16_scratch *scratch) {
  const size_t width =
      task->depth <= CHUNK_DEPTH ? task->columns : (size_t)WAITING_PANELS * TILE_COLUMNS;
  for (size_t column = 0; column < task->columns; column += width)
    for (size_t from = 0; from < task->depth; from += CHUNK_DEPTH) {
      const bf16_block block = {
          .first = first,
          .last = last,
          .column = column,
          .end = column + min_size(task->columns - column, width),
          .from = from,
          .depth = min_size(task->depth - from, CHUNK_DEPTH),
      };
      round_rows(task->a + first * task->lda + from, task->lda, last - first, block.depth,
                 scratch->a, packed_depth_bf16(block.depth));
      multiply_chunk(task, &block, scratch);
    }
}

static void KERNEL(gemm_bf16)(const sam2_gemm_f32 *task) {
  bf16_scratch scratch;
  const size_t depth = packed_depth_bf16(min_size(task->depth, CHUNK_DEPTH));
  const size_t limit = BLOCK_ELEMENTS / depth - SPARE_ROWS;
  const size_t height = limit / TILE_ROWS_BF16 * TILE_ROWS_BF16;
  begin_tiles_bf16();
  for (size_t first = 0; first < task->rows;) {
    const size_t last = block_end(first, height, task->rows);
    multiply_rows_bf16(task, first, last, &scratch);
    first = last;
  }
  end_tiles_bf16();
}

#endif
