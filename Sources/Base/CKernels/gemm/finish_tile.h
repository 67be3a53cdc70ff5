// Outputs a tile of float sums, [rows, TILE_COLUMNS] without gaps.

#ifndef SAM2_FINISH_TILE_H
#define SAM2_FINISH_TILE_H

#include "epilogue.h"

/// The place of a tile in the output of a task.
INLINE tile_output float_output(const sam2_gemm_f32 *task, size_t row, size_t column) {
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

INLINE void finish_group(const float *tile, const int count, size_t r, const tile_output *out,
                         const vf bias[2], const sam2_activation activation, const int whole) {
  vf v[2 * FINISHED_ROWS];
  UNROLLED for (int i = 0; i < 2 * count; ++i)
    v[i] = vf_add(vf_load(tile + r * TILE_COLUMNS + i * VF_WIDTH), bias[i % 2]);
  finish_vectors(v, count, r, out, activation, whole);
}

INLINE void finish_rows(const float *tile, size_t rows, const tile_output *out,
                        const sam2_activation activation, const int whole) {
  vf bias[2];
  load_bias(out, whole, bias);
  size_t r = 0;
  for (; r + FINISHED_ROWS <= rows; r += FINISHED_ROWS)
    finish_group(tile, FINISHED_ROWS, r, out, bias, activation, whole);
  for (; r < rows; ++r) finish_group(tile, 1, r, out, bias, activation, whole);
}

static void finish_tile(const float *tile, size_t rows, const tile_output *out) {
  const int whole = out->columns == TILE_COLUMNS;
  switch (out->activation) {
  case SAM2_ACT_NONE:
    if (whole)
      finish_rows(tile, rows, out, SAM2_ACT_NONE, 1);
    else
      finish_rows(tile, rows, out, SAM2_ACT_NONE, 0);
    break;
  case SAM2_ACT_RELU:
    finish_rows(tile, rows, out, SAM2_ACT_RELU, 0);
    break;
  case SAM2_ACT_GELU:
    if (whole)
      finish_rows(tile, rows, out, SAM2_ACT_GELU, 1);
    else
      finish_rows(tile, rows, out, SAM2_ACT_GELU, 0);
    break;
  case SAM2_ACT_SIGMOID:
    finish_rows(tile, rows, out, SAM2_ACT_SIGMOID, 0);
    break;
  case SAM2_ACT_QUICK_GELU:
    if (whole)
      finish_rows(tile, rows, out, SAM2_ACT_QUICK_GELU, 1);
    else
      finish_rows(tile, rows, out, SAM2_ACT_QUICK_GELU, 0);
    break;
  case SAM2_ACT_ELU:
    finish_rows(tile, rows, out, SAM2_ACT_ELU, 0);
    break;
  }
}

#endif
