// The int8 microkernel: a TILE_ROWS_S8 x TILE_COLUMNS block of sums over the whole depth, held in
// registers.
//
// A level provides in simd/int8_*.h, besides the vocabulary of simd/portable.h:
//   TILE_ROWS_S8              rows of a tile, of two vectors of sums each
//   FOLD                      depth elements folded into one 32-bit lane by one multiply
//   vw                        a vector of VF_WIDTH 32-bit sums
//   vw_load, vw_store, vw_set, vw_correct(sum, zero, column_sum) = sum - zero * column_sum
//   vw_float                  conversion to vf
//   vw_weights(p)             FOLD weights for each of VF_WIDTH columns, widened as `vw_dot` needs
//   vw_broadcast(word)        FOLD activations in every lane
//   vw_dot(sum, a, w)         exact sum + a . w
//   activation_word           the type of FOLD activations after widening
// widen                     converts u8 activations to that form (absent when A is read as it is)
// BYTE_SHIFT                where `vw_dot` takes signed bytes only: the amount that `vw_broadcast`
// subtracts from each activation
//   PAIR_TILES                where `vw_dot` multiplies pairs of rows and columns: see tile_pairs.h
//   DEPTH_MULTIPLE_S8         multiple to which packing rounds the depth up, if not FOLD
// Packed weights are [panel][depth / FOLD][TILE_COLUMNS][FOLD].

#ifndef SAM2_TILE_U8S8_H
#define SAM2_TILE_U8S8_H

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

/// Number of activations of a row widened at a time: a multiple of every FOLD, and small enough for
/// L1.
#define WIDEN_DEPTH 512

#ifdef PAIR_TILES
#include "tile_pairs.h"
#else

/// sums[rows, TILE_COLUMNS] = a * w over `steps` groups of FOLD elements, plus the earlier sums
/// where A is widened part by part; A's rows are `stride` bytes apart.
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
      // As in tile_f32.h: keeps the pointers few.
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
    const size_t count = min_size(depth - first, WIDEN_DEPTH);
    // An odd last element is widened together with the next byte, which lda covers and whose packed
    // weight is zero.
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

#endif
