// gemm_f32 and its packing, written once for all levels.

#ifndef SAM2_GEMM_F32_H
#define SAM2_GEMM_F32_H

#include "finish_tile.h"
#include "tile_f32.h"
#include "tiles.h"

/// Transposes a full VF_WIDTH x VF_WIDTH block of a source whose depth is contiguous.
INLINE void pack_block(const float *source, size_t column_stride, float *out) {
  vf m[VF_WIDTH];
  UNROLLED for (int i = 0; i < VF_WIDTH; ++i) m[i] = vf_load(source + i * column_stride);
  vf_transpose(m);
  UNROLLED for (int i = 0; i < VF_WIDTH; ++i) vf_store(out + i * TILE_COLUMNS, m[i]);
}

/// Packs a panel of `count` <= VF_WIDTH columns, by blocks if they fill a whole vector.
INLINE size_t pack_half(const float *source, size_t column_stride, size_t depth, size_t count,
                        float *out) {
  size_t k = 0;
  if (count == VF_WIDTH)
    for (; k + VF_WIDTH <= depth; k += VF_WIDTH) {
      pack_block(source + k, column_stride, out + k * TILE_COLUMNS);
      UNROLLED for (int i = 0; i < VF_WIDTH; ++i)
        vf_store(out + (k + i) * TILE_COLUMNS + VF_WIDTH, vf_zero());
    }
  return k;
}

/// Packs `count` <= TILE_COLUMNS columns, depth [first, depth), one element at a time.
static void pack_rest(const float *source, size_t column_stride, size_t depth_stride, size_t count,
                      size_t first, size_t depth, float *out) {
  for (size_t k = first; k < depth; ++k)
    for (size_t n = 0; n < TILE_COLUMNS; ++n)
      out[k * TILE_COLUMNS + n] = n < count ? source[n * column_stride + k * depth_stride] : 0;
}

static void KERNEL(pack_f32)(const float *source, size_t column_stride, size_t depth_stride,
                             size_t columns, size_t depth, size_t first_panel, size_t last_panel,
                             float *packed) {
  for (size_t panel = first_panel; panel < last_panel; ++panel) {
    const size_t first = panel * TILE_COLUMNS;
    const size_t count = first < columns ? min_size(columns - first, TILE_COLUMNS) : 0;
    const float *from = source + first * column_stride;
    float *out = packed + panel * TILE_COLUMNS * depth;
    size_t k = 0;
    if (count == TILE_COLUMNS && depth_stride == 1)
      for (; k + VF_WIDTH <= depth; k += VF_WIDTH) {
        pack_block(from + k, column_stride, out + k * TILE_COLUMNS);
        pack_block(from + k + VF_WIDTH * column_stride, column_stride,
                   out + k * TILE_COLUMNS + VF_WIDTH);
      }
    else if (count == TILE_COLUMNS && column_stride == 1)
      for (; k < depth; ++k) {
        vf_store(out + k * TILE_COLUMNS, vf_load(from + k * depth_stride));
        vf_store(out + k * TILE_COLUMNS + VF_WIDTH, vf_load(from + k * depth_stride + VF_WIDTH));
      }
    else if (depth_stride == 1)
      k = pack_half(from, column_stride, depth, count, out);
    pack_rest(from, column_stride, depth_stride, count, k, depth, out);
  }
}

/// One tile: rows [row, row + rows) of the task, columns from `column`.
static void gemm_tile(const sam2_gemm_f32 *task, size_t row, size_t rows, size_t column) {
  _Alignas(64) float tile[TILE_ROWS_F32 * TILE_COLUMNS];
  const tile_output out = float_output(task, row, column);
  prefetch_output(&out, rows);
  tiles_f32[rows - 1](task->a + row * task->lda, task->lda,
                      (const float *)task->packed + column * task->depth, TILE_COLUMNS, task->depth,
                      tile, TILE_COLUMNS, 0);
  finish_tile(tile, rows, &out);
}

static void KERNEL(gemm_f32)(const sam2_gemm_f32 *task) {
  const size_t height = block_height(
      task->depth * sizeof(float), task->columns * task->depth * sizeof(float), TILE_ROWS_F32);
  for (size_t first = 0; first < task->rows;) {
    const size_t last = block_end(first, height, task->rows);
    for (size_t column = 0; column < task->columns; column += TILE_COLUMNS)
      for (size_t row = first; row < last;) {
        const size_t rows = tile_height(last - row, TILE_ROWS_F32);
        gemm_tile(task, row, rows, column);
        row += rows;
      }
    first = last;
  }
}

#endif
