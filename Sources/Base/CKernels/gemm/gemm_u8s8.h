// gemm_u8s8, its raw sums and its packing, written once for all levels. tile_u8s8.h lists what a
// level provides.

#ifndef SAM2_GEMM_U8S8_H
#define SAM2_GEMM_U8S8_H

#include "epilogue.h"
#include "tile_u8s8.h"
#include "tiles.h"

static void KERNEL(pack_s8)(const int8_t *weights, size_t columns, size_t depth, int8_t *packed) {
  const size_t steps = packed_depth(depth) / FOLD;
  for (size_t first = 0; first < columns; first += TILE_COLUMNS)
    for (size_t step = 0; step < steps; ++step)
      for (size_t n = 0; n < TILE_COLUMNS; ++n, packed += FOLD) {
        const size_t k = step * FOLD;
        const int8_t *source = weights + (first + n) * depth + k;
        if (first + n < columns && k + FOLD <= depth) {
          __builtin_memcpy(packed, source, FOLD);
          continue;
        }
        for (size_t i = 0; i < FOLD; ++i)
          packed[i] = first + n < columns && k + i < depth ? source[i] : 0;
      }
}

INLINE void sum_by_vectors(const uint8_t *a, size_t lda, const int8_t *packed, int32_t *c,
                           size_t ldc, size_t rows, size_t columns, size_t depth) {
  _Alignas(64) int32_t sums[TILE_ROWS_S8 * TILE_COLUMNS];
  const size_t padded_depth = packed_depth(depth);
  for (size_t column = 0; column < columns; column += TILE_COLUMNS)
    for (size_t row = 0; row < rows;) {
      const size_t height = tile_height(rows - row, TILE_ROWS_S8);
      sum_tile(a + row * lda, lda, height, packed + column * padded_depth, depth, sums);
      const size_t count = min_size(columns - column, TILE_COLUMNS);
      for (size_t r = 0; r < height; ++r)
        __builtin_memcpy(c + (row + r) * ldc + column, sums + r * TILE_COLUMNS,
                         count * sizeof(int32_t));
      row += height;
    }
}

/// Scales and offsets that convert the sums of a tile to its output.
typedef struct {
  _Alignas(64) int32_t column_sum[TILE_COLUMNS];
  _Alignas(64) float column_scale[TILE_COLUMNS];
  const float *row_scale;
  const int32_t *row_zero;
} tile_scales;

/// (sum - zero * column_sum) * (row_scale * column_scale) + bias, with each float operation rounded
/// separately, so that levels agree bit for bit before the activation.
INLINE void scale_group(const int32_t *sums, const int count, size_t r, const tile_scales *scales,
                        const tile_output *out, const vf bias[2],
                        const sam2_activation activation, const int whole) {
  vf v[2 * FINISHED_ROWS];
  UNROLLED for (int i = 0; i < 2 * count; ++i) {
    const size_t row = r + (size_t)(i / 2), lane = (size_t)(i % 2) * VF_WIDTH;
    const vw sum = vw_correct(vw_load(sums + row * TILE_COLUMNS + lane),
                              vw_set(scales->row_zero[row]), vw_load(scales->column_sum + lane));
    const vf scale = vf_mul(vf_set(scales->row_scale[row]), vf_load(scales->column_scale + lane));
    v[i] = vf_add(vf_mul(vw_float(sum), scale), bias[i % 2]);
  }
  finish_vectors(v, count, r, out, activation, whole);
}

INLINE void scale_rows(const int32_t *sums, size_t r, size_t rows, const tile_scales *scales,
                       const tile_output *out, const sam2_activation activation,
                       const int whole) {
  vf bias[2];
  load_bias(out, whole, bias);
  for (; r + FINISHED_ROWS <= rows; r += FINISHED_ROWS)
    scale_group(sums, FINISHED_ROWS, r, scales, out, bias, activation, whole);
  for (; r < rows; ++r) scale_group(sums, 1, r, scales, out, bias, activation, whole);
}

/// Outputs rows [first, rows) of a tile.
INLINE void scale_part(const int32_t *sums, size_t first, size_t rows, const tile_scales *scales,
                       const tile_output *out) {
  const int whole = out->columns == TILE_COLUMNS;
  switch (out->activation) {
  case SAM2_ACT_NONE:
    if (whole)
      scale_rows(sums, first, rows, scales, out, SAM2_ACT_NONE, 1);
    else
      scale_rows(sums, first, rows, scales, out, SAM2_ACT_NONE, 0);
    break;
  case SAM2_ACT_RELU:
    scale_rows(sums, first, rows, scales, out, SAM2_ACT_RELU, 0);
    break;
  case SAM2_ACT_GELU:
    if (whole)
      scale_rows(sums, first, rows, scales, out, SAM2_ACT_GELU, 1);
    else
      scale_rows(sums, first, rows, scales, out, SAM2_ACT_GELU, 0);
    break;
  case SAM2_ACT_SIGMOID:
    scale_rows(sums, first, rows, scales, out, SAM2_ACT_SIGMOID, 0);
    break;
  case SAM2_ACT_QUICK_GELU:
    if (whole)
      scale_rows(sums, first, rows, scales, out, SAM2_ACT_QUICK_GELU, 1);
    else
      scale_rows(sums, first, rows, scales, out, SAM2_ACT_QUICK_GELU, 0);
    break;
  case SAM2_ACT_ELU:
    scale_rows(sums, first, rows, scales, out, SAM2_ACT_ELU, 0);
    break;
  }
}

static void scale_tile(const int32_t *sums, size_t rows, const tile_scales *scales,
                       const tile_output *out) {
  scale_part(sums, 0, rows, scales, out);
}

/// Destination of the tile that starts at `row` and `column`.
INLINE tile_output output_of(const sam2_gemm_u8s8 *task, size_t row, size_t column) {
  return (tile_output){
      .c = task->c + row * task->ldc + column,
      .ldc = task->ldc,
      .bias = task->bias ? task->bias + column : NULL,
      .residual = task->residual ? task->residual + row * task->ldr + column : NULL,
      .ldr = task->ldr,
      .columns = min_size(task->columns - column, TILE_COLUMNS),
      .activation = task->activation,
  };
}

INLINE void load_scales(const sam2_gemm_u8s8 *task, size_t row, size_t column, size_t columns,
                        tile_scales *scales) {
  scales->row_scale = task->row_scale + row;
  scales->row_zero = task->row_zero + row;
  __builtin_memcpy(scales->column_sum, task->column_sum + column, columns * sizeof(int32_t));
  __builtin_memcpy(scales->column_scale, task->column_scale + column, columns * sizeof(float));
}

static void gemm_tile(const sam2_gemm_u8s8 *task, const int8_t *panel, size_t row, size_t rows,
                      size_t column) {
  _Alignas(64) int32_t sums[TILE_ROWS_S8 * TILE_COLUMNS];
  const tile_output out = output_of(task, row, column);
  tile_scales scales = {0};
  load_scales(task, row, column, out.columns, &scales);
  prefetch_output(&out, rows);
  sum_tile(task->a + row * task->lda, task->lda, rows, panel, task->depth, sums);
  scale_tile(sums, rows, &scales, &out);
}

INLINE void gemm_by_vectors(const sam2_gemm_u8s8 *task) {
  const size_t padded_depth = packed_depth(task->depth);
  const size_t height = block_height(task->lda, task->columns * padded_depth, TILE_ROWS_S8);
  for (size_t first = 0; first < task->rows;) {
    const size_t last = block_end(first, height, task->rows);
    for (size_t column = 0; column < task->columns; column += TILE_COLUMNS)
      for (size_t row = first; row < last;) {
        const size_t rows = tile_height(last - row, TILE_ROWS_S8);
        gemm_tile(task, task->packed + column * padded_depth, row, rows, column);
        row += rows;
      }
    first = last;
  }
}

#ifdef MATRIX_TILES
#include "gemm_u8s8_matrix.h"
#else

static void KERNEL(gemm_u8s8)(const sam2_gemm_u8s8 *task) { gemm_by_vectors(task); }

static void KERNEL(gemm_u8s8_i32)(const uint8_t *a, size_t lda, const int8_t *packed, int32_t *c,
                                  size_t ldc, size_t rows, size_t columns, size_t depth) {
  sum_by_vectors(a, lda, packed, c, ldc, rows, columns, depth);
}

#endif

#endif
