// Cases of rows and elements: rounding, norms, activations, rotations, softmax, resizing.

#include "vectors.h"

static void run_rounding(const sam2_kernels *k, size_t depth, records *to) {
  generator g = {depth};
  const size_t rows = 11, ld = depth + 64;
  float *x = random_floats(&g, rows * depth, -3, 5);
  for (size_t i = 0; i < depth; ++i) x[i] = 0;
  x[depth] = __builtin_nanf("");
  x[2 * depth] = __builtin_inff();
  uint8_t *bytes = take(rows * ld);
  float *scale = take(rows * sizeof(float));
  int32_t *zero = take(rows * sizeof(int32_t));
  k->quantize_rows_u8(x, depth, rows, depth, bytes, ld, scale, zero);
  note_bytes(to, "rounded rows", bytes, rows * ld);
  note_exact(to, "scales", scale, rows);
  note_integers(to, "zero points", zero, rows);
}

static void run_elements(const sam2_kernels *k, size_t count, records *to) {
  generator g = {count + 5};
  const float *a = random_floats(&g, count, -8, 8), *b = random_floats(&g, count, -8, 8);
  float *out = take(count * sizeof(float));
  for (int activation = SAM2_ACT_NONE; activation <= SAM2_ACT_ELU; ++activation) {
    k->activate_f32(a, out, count, (sam2_activation)activation);
    note_floats(to, "activation", out, count);
  }
  k->add_f32(a, b, out, count);
  note_exact(to, "sum", out, count);
  k->multiply_f32(a, b, out, count);
  note_exact(to, "product", out, count);
  k->affine_f32(a, out, count, 0.7f, -0.2f);
  note_floats(to, "affine", out, count);
  k->blend_rows_f32(a, b, 0.3f, 0.7f, out, count);
  note_floats(to, "blend", out, count);
}

static void run_norm(const sam2_kernels *k, size_t columns, records *to) {
  generator g = {columns + 6};
  const size_t rows = 5;
  float *y = take(rows * columns * sizeof(float));
  k->layer_norm_f32(random_floats(&g, rows * columns, -2, 3), columns, y, columns, rows, columns,
                    random_floats(&g, columns, 0.5f, 1.5f), random_floats(&g, columns, -1, 1),
                    1e-6f);
  note_floats(to, "norm", y, rows * columns);
}

static void run_rotation(const sam2_kernels *k, size_t columns, records *to) {
  generator g = {columns + 7};
  const size_t rows = 9, table = 4;
  float *y = take(rows * columns * sizeof(float));
  k->rotate_pairs_f32(random_floats(&g, rows * columns, -1, 1), columns, y, columns, rows, columns,
                      random_floats(&g, table * columns / 2, -1, 1),
                      random_floats(&g, table * columns / 2, -1, 1), table, 3);
  note_floats(to, "rotation", y, rows * columns);
}

/// Sizes that are multiples of every vector width.
static void run_token_parts(const sam2_kernels *k, records *to) {
  generator g = {8};
  const size_t rows = 6, heads = 8, columns = 64;
  float *scores = random_floats(&g, rows * columns, -4, 4);
  k->softmax_groups_f32(scores, columns, rows, columns, heads);
  note_floats(to, "softmax of heads", scores, rows * columns);
  float *maximum = take(columns * sizeof(float)), *total = take(columns * sizeof(float));
  float *factor = take(columns * sizeof(float));
  for (size_t c = 0; c < columns; ++c) maximum[c] = -__builtin_inff(), total[c] = 0;
  for (int part = 0; part < 2; ++part) {
    float *more = random_floats(&g, rows * columns, -4, 4);
    k->softmax_columns_f32(more, columns, rows, columns, maximum, total, factor);
    note_floats(to, "softmax of columns", more, rows * columns);
    note_floats(to, "their sums", total, columns);
    note_floats(to, "their factors", factor, columns);
  }
  float *c = random_floats(&g, 16 * 48, -1, 1);
  k->add_outer_f32(random_floats(&g, 10 * 16, -1, 1), 16, random_floats(&g, 10 * 48, -1, 1), 48, c,
                   48, 16, 48, 10, random_floats(&g, 16, 0, 1));
  note_floats(to, "outer products", c, 16 * 48);
}

void run_rows(const sam2_kernels *k, records *to) {
  static const size_t sizes[] = {1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 100};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    run_rounding(k, sizes[i], to);
    run_elements(k, sizes[i], to);
    run_norm(k, sizes[i] + 1, to);
    run_rotation(k, 2 * sizes[i], to);
  }
  run_token_parts(k, to);
}

void run_images(const sam2_kernels *k, records *to) {
  generator g = {9};
  static const size_t channel_counts[] = {1, 4, 7, 24};
  for (size_t i = 0; i < sizeof channel_counts / sizeof channel_counts[0]; ++i) {
    const size_t channels = channel_counts[i], side = 12;
    const float *x = random_floats(&g, side * side * channels, -1, 1);
    float *y = take(side * side * channels * sizeof(float));
    k->depthwise_conv_f32(x, side, side, channels, random_floats(&g, 49 * channels, -1, 1),
                          random_floats(&g, channels, -1, 1), 7, 1, 3, y, 0, side);
    note_floats(to, "depthwise", y, side * side * channels);
    k->max_pool_f32(x, channels, side, side, channels, 2, y, 0, side / 2);
    note_exact(to, "pool", y, side * side / 4 * channels);
    k->sum_places_f32(x, side * channels, side, side, channels, 0.25f, y);
    note_floats(to, "sums", y, channels);
    k->scale_rows_f32(x, channels, y, channels, side, channels, x + channels, x + 2 * channels);
    note_floats(to, "scaled rows", y, side * channels);
  }
}
