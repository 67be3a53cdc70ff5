// Cases of matrix products.

#include <stdio.h>
#include <string.h>

#include "vectors.h"

static size_t whole(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }

static int8_t *packed_weights(const sam2_kernels *k, const int8_t *weights, size_t columns,
                              size_t depth) {
  int8_t *packed =
      take(whole(columns, k->panel_columns_s8) * whole(depth, k->depth_multiple_s8));
  k->pack_s8(weights, columns, depth, packed);
  return packed;
}

typedef struct {
  size_t rows, columns, depth;
} shape;

static void run_sums(const sam2_kernels *k, shape s, int extreme, records *to) {
  generator g = {s.rows * 1000003 + s.columns * 1009 + s.depth};
  const size_t lda = whole(s.depth, 64);
  uint8_t *a = random_activations(&g, s.rows * lda);
  int8_t *weights = random_weights(&g, s.columns * s.depth);
  if (extreme) {
    memset(a, extreme > 0 ? 255 : 0, s.rows * lda);
    for (size_t i = 0; i < s.columns * s.depth; ++i)
      weights[i] = i / s.depth % 2 ? -127 : 127;
  }
  const int8_t *packed = packed_weights(k, weights, s.columns, s.depth);
  int32_t *sums = take(s.rows * s.columns * sizeof(int32_t));
  k->gemm_u8s8_i32(a, lda, packed, sums, s.columns, s.rows, s.columns, s.depth);
  char name[56];
  snprintf(name, sizeof name, "sums %zux%zux%zu extreme %d", s.rows, s.columns, s.depth, extreme);
  note_integers(to, name, sums, s.rows * s.columns);
}

static void run_scaled(const sam2_kernels *k, shape s, sam2_activation activation, int in_place,
                       records *to) {
  generator g = {s.rows * 1000003 + s.columns * 1009 + s.depth + 7};
  const size_t lda = whole(s.depth, 64), results = s.rows * s.columns;
  int8_t *weights = random_weights(&g, s.columns * s.depth);
  int32_t *zero = take(s.rows * sizeof(int32_t)), *sums = take(s.columns * sizeof(int32_t));
  for (size_t r = 0; r < s.rows; ++r) zero[r] = (int32_t)(next_number(&g) % 256);
  for (size_t n = 0; n < s.columns; ++n) {
    sums[n] = 0;
    for (size_t i = 0; i < s.depth; ++i) sums[n] += weights[n * s.depth + i];
  }
  float *residual = random_floats(&g, results, -1, 1), *c = take(results * sizeof(float));
  if (in_place)
    memcpy(c, residual, results * sizeof(float));
  const sam2_gemm_u8s8 task = {.a = random_activations(&g, s.rows * lda),
                               .lda = lda,
                               .row_scale = random_floats(&g, s.rows, 0.001f, 0.01f),
                               .row_zero = zero,
                               .packed = packed_weights(k, weights, s.columns, s.depth),
                               .column_scale = random_floats(&g, s.columns, 0.001f, 0.01f),
                               .column_sum = sums,
                               .c = c,
                               .ldc = s.columns,
                               .bias = random_floats(&g, s.columns, -1, 1),
                               .residual = in_place ? c : residual,
                               .ldr = s.columns,
                               .rows = s.rows,
                               .columns = s.columns,
                               .depth = s.depth,
                               .activation = activation};
  k->gemm_u8s8(&task);
  char name[56];
  snprintf(name, sizeof name, "scaled %zux%zux%zu activation %d in place %d", s.rows, s.columns,
           s.depth, (int)activation, in_place);
  if (activation == SAM2_ACT_NONE)
    note_exact(to, name, c, results);
  else
    note_floats(to, name, c, results);
}

static void run_floats(const sam2_kernels *k, shape s, records *to) {
  generator g = {s.rows * 31 + s.columns * 7 + s.depth};
  const size_t panels = whole(s.columns, k->panel_columns_f32) / k->panel_columns_f32;
  const float *weights = random_floats(&g, s.columns * s.depth, -1, 1);
  float *packed = take(panels * k->panel_columns_f32 * s.depth * sizeof(float));
  k->pack_f32(weights, s.depth, 1, s.columns, s.depth, 0, panels, packed);
  float *c = take(s.rows * s.columns * sizeof(float));
  const sam2_gemm_f32 task = {.a = random_floats(&g, s.rows * s.depth, -1, 1),
                              .lda = s.depth,
                              .packed = packed,
                              .c = c,
                              .ldc = s.columns,
                              .bias = random_floats(&g, s.columns, -1, 1),
                              .rows = s.rows,
                              .columns = s.columns,
                              .depth = s.depth,
                              .activation = SAM2_ACT_GELU};
  k->gemm_f32(&task);
  char name[56];
  snprintf(name, sizeof name, "floats %zux%zux%zu", s.rows, s.columns, s.depth);
  note_floats(to, name, c, s.rows * s.columns);
}

static void run_bf16(const sam2_kernels *k, shape s, records *to) {
  generator g = {s.rows * 31 + s.columns * 7 + s.depth + 3};
  const size_t panels = whole(s.columns, k->panel_columns_bf16) / k->panel_columns_bf16;
  const float *weights = random_floats(&g, s.columns * s.depth, -1, 1);
  uint16_t *packed = take(panels * k->panel_columns_bf16 * whole(s.depth, k->depth_multiple_bf16) *
                          sizeof(uint16_t));
  k->pack_bf16(weights, s.depth, 1, s.columns, s.depth, 0, panels, packed);
  float *c = take(s.rows * s.columns * sizeof(float));
  const sam2_gemm_f32 task = {.a = random_floats(&g, s.rows * s.depth, -1, 1),
                              .lda = s.depth,
                              .packed = packed,
                              .c = c,
                              .ldc = s.columns,
                              .rows = s.rows,
                              .columns = s.columns,
                              .depth = s.depth};
  k->gemm_bf16(&task);
  char name[56];
  snprintf(name, sizeof name, "bfloat16 %zux%zux%zu", s.rows, s.columns, s.depth);
  // One product for each result: what the operands were rounded to.
  if (s.depth == 1)
    note_exact(to, name, c, s.rows * s.columns);
  else
    note_floats(to, name, c, s.rows * s.columns);
}

void run_products(const sam2_kernels *k, records *to) {
  static const size_t heights[] = {1, 2, 3, 7, 8, 9, 14, 15, 16, 17, 20, 31, 32, 33, 48, 50, 65};
  static const size_t widths[] = {1, 5, 16, 31, 32, 33, 96};
  static const size_t depths[] = {1, 2, 3, 4, 7, 8, 63, 64, 65, 127, 128, 192, 511, 513, 1025};
  static const shape large[] = {{70, 96, 96}, {100, 384, 384}, {64, 160, 1536}, {57, 200, 3000}};
  for (size_t i = 0; i < sizeof heights / sizeof heights[0]; ++i)
    for (size_t j = 0; j < sizeof widths / sizeof widths[0]; ++j)
      run_sums(k, (shape){heights[i], widths[j], 70}, 0, to);
  for (size_t i = 0; i < sizeof depths / sizeof depths[0]; ++i) {
    run_sums(k, (shape){5, 35, depths[i]}, 0, to);
    run_sums(k, (shape){19, 35, depths[i]}, 0, to);
  }
  for (int extreme = -1; extreme <= 1; extreme += 2) {
    run_sums(k, (shape){17, 3, 4608}, extreme, to);
    run_sums(k, (shape){1, 3, 65536}, extreme, to);
    run_sums(k, (shape){16, 3, 65536}, extreme, to);
  }
  for (size_t i = 0; i < sizeof large / sizeof large[0]; ++i) {
    run_sums(k, large[i], 0, to);
    for (int activation = SAM2_ACT_NONE; activation <= SAM2_ACT_ELU; ++activation)
      run_scaled(k, large[i], (sam2_activation)activation, activation % 2, to);
    run_scaled(k, large[i], SAM2_ACT_NONE, 1, to);
  }
  static const shape small[] = {{1, 5, 8}, {15, 50, 40}, {29, 96, 130}, {16, 33, 64}};
  for (size_t i = 0; i < sizeof small / sizeof small[0]; ++i)
    for (int in_place = 0; in_place < 2; ++in_place) {
      run_scaled(k, small[i], SAM2_ACT_NONE, in_place, to);
      run_floats(k, small[i], to);
    }
  for (size_t i = 0; i < sizeof small / sizeof small[0]; ++i) run_bf16(k, small[i], to);
  run_bf16(k, (shape){50, 35, 1}, to);
  run_bf16(k, (shape){70, 96, 1100}, to);
}
