// gemm_u8s8, its raw sums and its packing, written once for all levels.
//
// A level provides in simd/int8_*.h, beside the vocabulary of simd/portable.h:
//   TILE_ROWS_S8              rows of a tile, of two vectors of sums each
//   FOLD                      depth elements folded into one 32-bit lane by one multiply
//   vw                        a vector of VF_WIDTH 32-bit sums
//   vw_load, vw_store, vw_set, vw_correct(sum, zero, column_sum) = sum - zero * column_sum
//   vw_float                  conversion to vf
//   vw_weights(p)             FOLD weights for each of VF_WIDTH columns, widened as `vw_dot` needs
//   vw_broadcast(word)        FOLD activations in every lane
//   vw_dot(sum, a, w)         exact sum + a . w
//   activation_word           the type of FOLD activations after widening
//   widen                     u8 activations to that form (absent when A is read as it is)
//   BYTE_SHIFT                where `vw_dot` takes signed bytes only: what `vw_broadcast` takes off
//                             each activation
//   DEPTH_MULTIPLE_S8         what packing rounds the depth up to, if not FOLD
// Packed weights are [panel][depth / FOLD][TILE_COLUMNS][FOLD].

#ifndef SAM2_GEMM_U8S8_H
#define SAM2_GEMM_U8S8_H

#include "epilogue.h"
#include "tiles.h"

#ifndef BYTE_SHIFT
#define BYTE_SHIFT 0
#endif

#ifndef DEPTH_MULTIPLE_S8
#define DEPTH_MULTIPLE_S8 FOLD
#endif

INLINE size_t packed_depth(size_t depth) {
  return (depth + DEPTH_MULTIPLE_S8 - 1) / DEPTH_MULTIPLE_S8 * DEPTH_MULTIPLE_S8;
}

/// Activations of a row widened at a time: a multiple of every FOLD and small enough for L1.
#define WIDEN_DEPTH 512

#ifdef PAIR_TILES
#include "tile_pairs.h"
#else

/// sums[rows, TILE_COLUMNS] = a * w over `steps` groups of FOLD elements, plus sums where A is
/// widened part by part; A's rows are `stride` bytes apart.
INLINE void tile_i32_rows(const int rows, const char *a, size_t stride, const int8_t *w,
                          size_t steps, int32_t *sums) {
  const char *base[5];
  UNROLLED for (int i = 0; i < 5; ++i) base[i] = a + 3 * i * stride;
  vw sum[TILE_ROWS_S8][2];
  UNROLLED for (int r = 0; r < rows; ++r) {
#if WIDEN
    sum[r][0] = vw_load(sums + r * TILE_COLUMNS);
    sum[r][1] = vw_load(sums + r * TILE_COLUMNS + VF_WIDTH);
#else
    sum[r][0] = sum[r][1] = vw_set(0);
#endif
  }
#if BYTE_SHIFT
  const vw ones = vw_set(0x01010101);
  vw columns[2] = {vw_set(0), vw_set(0)};
#endif
  for (size_t step = 0; step < steps; ++step) {
    const vw w0 = vw_weights(w), w1 = vw_weights(w + VF_WIDTH * FOLD);
#if BYTE_SHIFT
    columns[0] = vw_dot(columns[0], ones, w0);
    columns[1] = vw_dot(columns[1], ones, w1);
#endif
    UNROLLED for (int r = 0; r < rows; ++r) {
      activation_word word;
      __builtin_memcpy(&word, base[r / 3] + (r % 3) * stride, sizeof word);
      const vw x = vw_broadcast(word);
      sum[r][0] = vw_dot(sum[r][0], x, w0);
      sum[r][1] = vw_dot(sum[r][1], x, w1);
    }
    UNROLLED for (int i = 0; i < 5; ++i) {
      base[i] += sizeof(activation_word);
      // As in tile_f32.h: few pointers, and they stay few.
      if (3 * i < rows)
        __asm__("" : "+r"(base[i]));
    }
    w += TILE_COLUMNS * FOLD;
  }
#if BYTE_SHIFT
  UNROLLED for (int r = 0; r < rows; ++r) {
    sum[r][0] = vw_correct(sum[r][0], vw_set(-BYTE_SHIFT), columns[0]);
    sum[r][1] = vw_correct(sum[r][1], vw_set(-BYTE_SHIFT), columns[1]);
  }
#endif
  UNROLLED for (int r = 0; r < rows; ++r) {
    vw_store(sums + r * TILE_COLUMNS, sum[r][0]);
    vw_store(sums + r * TILE_COLUMNS + VF_WIDTH, sum[r][1]);
  }
}

#endif

typedef void (*tile_i32)(const char *a, size_t stride, const int8_t *w, size_t steps,
                         int32_t *sums);

#define TILE_FUNCTION(rows)                                                                        \
  static void tile_i32_##rows(const char *a, size_t stride, const int8_t *w, size_t steps,         \
                              int32_t *sums) {                                                     \
    tile_i32_rows(rows, a, stride, w, steps, sums);                                                \
  }

EACH_TO(TILE_ROWS_S8, TILE_FUNCTION)

#define TILE_NAME(rows) tile_i32_##rows,
static const tile_i32 tiles_i32[TILE_ROWS_S8] = {EACH_TO(TILE_ROWS_S8, TILE_NAME)};

/// The sums of one tile over the whole depth.
static void sum_tile(const uint8_t *a, size_t lda, size_t rows, const int8_t *panel, size_t depth,
                     int32_t *sums) {
#if WIDEN
  __builtin_memset(sums, 0, rows * TILE_COLUMNS * sizeof(int32_t));
  _Alignas(64) activation_word wide[TILE_ROWS_S8 * WIDEN_DEPTH / FOLD];
  for (size_t first = 0; first < depth; first += WIDEN_DEPTH) {
    const size_t count = smaller_size(depth - first, WIDEN_DEPTH);
    // An odd last element is widened together with the byte after it, which lda covers and whose
    // packed weight is zero.
    const size_t steps = (count + FOLD - 1) / FOLD;
    for (size_t r = 0; r < rows; ++r)
      widen(a + r * lda + first, steps * FOLD, wide + r * (WIDEN_DEPTH / FOLD));
    tiles_i32[rows - 1]((const char *)wide, WIDEN_DEPTH / FOLD * sizeof(activation_word),
                        panel + first * TILE_COLUMNS, steps, sums);
  }
#else
  tiles_i32[rows - 1]((const char *)a, lda, panel, (depth + FOLD - 1) / FOLD, sums);
#endif
}

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
      const size_t count = smaller_size(columns - column, TILE_COLUMNS);
      for (size_t r = 0; r < height; ++r)
        __builtin_memcpy(c + (row + r) * ldc + column, sums + r * TILE_COLUMNS,
                         count * sizeof(int32_t));
      row += height;
    }
}

/// What turns the sums of a tile into its output.
typedef struct {
  _Alignas(64) int32_t column_sum[TILE_COLUMNS];
  _Alignas(64) float column_scale[TILE_COLUMNS];
  const float *row_scale;
  const int32_t *row_zero;
} tile_scales;

/// (sum - zero * column_sum) * (row_scale * column_scale) + bias, each float operation rounded on
/// its own, so that levels agree bit for bit before the activation.
INLINE void scale_some(const int32_t *sums, const int count, size_t r, const tile_scales *scales,
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
    scale_some(sums, FINISHED_ROWS, r, scales, out, bias, activation, whole);
  for (; r < rows; ++r) scale_some(sums, 1, r, scales, out, bias, activation, whole);
}

/// Rows [first, rows) of a tile.
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
  }
}

static void scale_tile(const int32_t *sums, size_t rows, const tile_scales *scales,
                       const tile_output *out) {
  scale_part(sums, 0, rows, scales, out);
}

/// Where the tile from `row` and `column` on goes.
INLINE tile_output output_of(const sam2_gemm_u8s8 *task, size_t row, size_t column) {
  return (tile_output){
      .c = task->c + row * task->ldc + column,
      .ldc = task->ldc,
      .bias = task->bias ? task->bias + column : NULL,
      .residual = task->residual ? task->residual + row * task->ldr + column : NULL,
      .ldr = task->ldr,
      .columns = smaller_size(task->columns - column, TILE_COLUMNS),
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
