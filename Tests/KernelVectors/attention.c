// Cases of attention: of floats, of rounded keys, and of the tokens of a grid.

#include <stdio.h>

#include "vectors.h"

typedef struct {
  size_t queries, keys, head, value;
  float spread;
} heads;

static sam2_attention_s8 task_of(heads h, generator *g) {
  sam2_attention_s8 task = {.ldq = h.head + 3,
                            .ldk = h.head + 1,
                            .ldv = h.value + 2,
                            .ldo = h.value + 5,
                            .queries = h.queries,
                            .key_count = h.keys,
                            .head_depth = h.head,
                            .value_depth = h.value,
                            .scale = 0.3f};
  task.query = random_floats(g, h.queries * task.ldq, -h.spread, h.spread);
  task.keys = random_floats(g, h.keys * task.ldk, -h.spread, h.spread);
  task.values = random_floats(g, h.keys * task.ldv, -1, 1);
  task.out = take(h.queries * task.ldo * sizeof(float));
  return task;
}

/// The results without the gaps between their rows.
static float *dense(const float *rows, size_t ld, size_t count, size_t width) {
  float *out = take(count * width * sizeof(float));
  for (size_t r = 0; r < count; ++r)
    for (size_t n = 0; n < width; ++n) out[r * width + n] = rows[r * ld + n];
  return out;
}

static void run_rounded(const sam2_kernels *k, heads h, records *to) {
  generator g = {h.queries * 1000003 + h.keys * 1009 + h.head * 17 + h.value};
  sam2_attention_s8 task = task_of(h, &g);
  task.prepared = take(k->attention_s8_prepared_bytes(&task));
  task.workspace = take(k->attention_s8_workspace_bytes(&task));
  const size_t tiles = (h.keys + SAM2_KEY_TILE - 1) / SAM2_KEY_TILE;
  k->attention_s8_prepare(&task, tiles / 2, tiles);
  k->attention_s8_prepare(&task, 0, tiles / 2);
  int32_t *scores = take(h.queries * h.keys * sizeof(int32_t));
  uint8_t *weights = take(h.queries * h.keys);
  k->attention_s8_integers(&task, scores, weights);
  k->attention_s8(&task);
  char name[56];
  snprintf(name, sizeof name, "%zu queries, %zu keys of %zu, values of %zu", h.queries, h.keys,
           h.head, h.value);
  note_integers(to, name, scores, h.queries * h.keys);
  note_bytes(to, name, weights, h.queries * h.keys);
  note_floats(to, name, dense(task.out, task.ldo, h.queries, h.value), h.queries * h.value);
}

static void run_floats(const sam2_kernels *k, heads h, records *to) {
  generator g = {h.queries * 1000003 + h.keys * 1009 + h.head * 17 + h.value + 1};
  const sam2_attention_s8 from = task_of(h, &g);
  const size_t panel = k->panel_columns_f32, panels = (h.keys + panel - 1) / panel;
  float *packed = take(panels * panel * h.head * sizeof(float));
  k->pack_f32(from.keys, from.ldk, 1, h.keys, h.head, 0, panels, packed);
  const sam2_attention_f32 task = {
      .query = from.query,
      .ldq = from.ldq,
      .packed_keys = packed,
      .values = from.values,
      .ldv = from.ldv,
      .out = from.out,
      .ldo = from.ldo,
      .queries = h.queries,
      .key_count = h.keys,
      .head_depth = h.head,
      .value_depth = h.value,
      .scale = from.scale,
      .workspace = take(k->attention_f32_workspace(h.keys, h.head, h.value))};
  k->attention_f32(&task);
  note_floats(to, "float attention", dense(task.out, task.ldo, h.queries, h.value),
              h.queries * h.value);
}

void run_attention(const sam2_kernels *k, records *to) {
  static const size_t keys[] = {1, 4, 5, 15, 16, 17, 31, 33, 49, 64, 100, 127, 128, 129, 145, 300};
  static const size_t queries[] = {1, 4, 5, 9, 15, 16, 17, 31, 32, 33, 129, 300};
  static const size_t depths[] = {1, 8, 31, 32, 56, 63, 64, 65, 72, 96, 256};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; ++i)
    run_rounded(k, (heads){3, keys[i], 16, 16, 1}, to);
  for (size_t i = 0; i < sizeof queries / sizeof queries[0]; ++i) {
    run_rounded(k, (heads){queries[i], 40, 96, 24, 1}, to);
    run_floats(k, (heads){queries[i], 150, 24, 20, 1}, to);
  }
  for (size_t i = 0; i < sizeof depths / sizeof depths[0]; ++i) {
    run_rounded(k, (heads){5, 140, depths[i], 7, 1}, to);
    run_rounded(k, (heads){20, 140, depths[i], depths[i], 4}, to);
  }
  run_rounded(k, (heads){64, 600, 96, 96, 12}, to);
}

// MARK: - Tokens of a grid

typedef struct {
  size_t queries, depth, channels, value, height, width, frames, rest;
  int has_bias;
} grid;

static void run_grid(const sam2_kernels *k, grid c, records *to) {
  generator g = {c.queries * 1000003 + c.frames * 1009 + c.channels};
  const size_t tokens = c.frames * c.height * c.width + c.rest;
  sam2_axial_s8 task = {.ldq = c.depth + 3,
                        .ldt = c.channels + 2,
                        .ldc = c.channels,
                        .ldv = c.value + 1,
                        .ldo = c.value + 4,
                        .queries = c.queries,
                        .depth = c.depth,
                        .channels = c.channels,
                        .value_depth = c.value,
                        .height = c.height,
                        .width = c.width,
                        .frames = c.frames,
                        .rest = c.rest,
                        .has_bias = c.has_bias,
                        .scale = 0.4f};
  task.query = random_floats(&g, c.queries * task.ldq, -1, 1);
  task.tokens = random_floats(&g, tokens * task.ldt, -1, 1);
  if (c.has_bias)
    task.codes = random_floats(&g, tokens * task.ldc, -1, 1);
  task.values = random_floats(&g, tokens * task.ldv, -1, 1);
  task.out = take(c.queries * task.ldo * sizeof(float));
  const size_t rows = (c.height + c.width) * (c.channels + (c.has_bias ? 1 : 0));
  void *projection = take(k->axial_s8_projection_bytes(&task));
  k->axial_s8_project(&task, random_floats(&g, rows * c.depth / 2, -1, 1), projection);
  task.projection = projection;
  task.prepared = take(k->axial_s8_prepared_bytes(&task));
  task.workspace = take(k->axial_s8_workspace_bytes(&task));
  const size_t tiles = k->axial_s8_tiles(&task);
  k->axial_s8_prepare(&task, tiles / 2, tiles);
  k->axial_s8_prepare(&task, 0, tiles / 2);
  k->axial_s8(&task);
  char name[56];
  snprintf(name, sizeof name, "grid %zux%zu, %zu frames, %zu more, %zu channels", c.height, c.width,
           c.frames, c.rest, c.channels);
  note_floats(to, name, dense(task.out, task.ldo, c.queries, c.value), c.queries * c.value);
}

void run_axial(const sam2_kernels *k, records *to) {
  static const grid grids[] = {
      {3, 32, 16, 5, 2, 3, 2, 3, 1},      {33, 64, 16, 33, 5, 7, 9, 0, 0},
      {70, 128, 32, 20, 4, 5, 7, 130, 1}, {17, 32, 48, 1, 1, 1, 0, 1, 1},
      {40, 256, 64, 64, 8, 8, 7, 64, 1},  {20, 96, 80, 17, 3, 20, 8, 17, 0},
  };
  for (size_t i = 0; i < sizeof grids / sizeof grids[0]; ++i) run_grid(k, grids[i], to);
}
