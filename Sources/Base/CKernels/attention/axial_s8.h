// axial_s8, written once for all levels: attention_s8 with queries projected for each column and
// row of the grid, instead of projected keys (Formats/operators.md, `axial_attention`).

#ifndef SAM2_AXIAL_S8_H
#define SAM2_AXIAL_S8_H

#include "attention_s8.h"
#include "axial_s8_layout.h"

#ifndef MATRIX_TILES
#include "axial_s8_tiles.h"
#endif

/// One thread's workspace, in addition to that of attention_s8.
typedef struct {
  float *projected;  // [places][channels][PANEL], then the biases: [places][PANEL]
  uint32_t *rounded; // [places][token_steps][PANEL]: `projected` rounded, unsigned
  float *inverse;    // [PANEL]: inverse of each query's step in `rounded`
} axial_space;

typedef struct {
  const sam2_axial_s8 *task;
  axial_sizes sizes;
  attention_prepared projection;
  axial_space space;
  sam2_attention_s8 queries;  // the queries and results as attention_s8 needs them
  attention_work work;        // of `queries`
} axial_work;

/// The workspace is that of attention_s8 for a single panel, followed by the axial part.
INLINE size_t split_axial_space(const axial_work *w, char *start, attention_space *space,
                                axial_space *own) {
  const size_t sizes[] = {split_space(&w->work.sizes, PANEL, start, space),
                          w->sizes.rows * PANEL * 4,
                          w->sizes.places * w->sizes.token_steps * PANEL * 4, PANEL * 4};
  size_t at[4];
  const size_t bytes = place_parts(sizes, 4, at);
  if (own)
    *own = (axial_space){(float *)(start + at[1]), (uint32_t *)(start + at[2]),
                         (float *)(start + at[3])};
  return bytes;
}

static void start_axial(const sam2_axial_s8 *task, axial_work *w) {
  w->task = task;
  w->sizes = axial_sizes_of(task);
  w->queries = (sam2_attention_s8){.query = task->query,
                                   .ldq = task->ldq,
                                   .out = task->out,
                                   .ldo = task->ldo,
                                   .queries = task->queries,
                                   .head_depth = task->depth,
                                   .value_depth = task->value_depth,
                                   .scale = task->scale};
  w->work.task = &w->queries;
  w->work.sizes = token_sizes(task, &w->sizes);
}

static size_t KERNEL(axial_s8_workspace_bytes)(const sam2_axial_s8 *task) {
  axial_work w;
  start_axial(task, &w);
  return split_axial_space(&w, NULL, NULL, NULL);
}

// MARK: - Projected queries

#ifdef MATRIX_TILES
#include "axial_s8_matrix.h"
#else

/// Projects the panel for rows [first, last) of the projection, which belong to one part of the
/// depth; raises `largest`, [PANEL], to the largest magnitude.
static void project_rows(const axial_work *w, const query_panel *panel, size_t part, size_t first,
                         size_t last, float *largest) {
  const size_t steps = w->sizes.half_steps;
  for (size_t row = first; row < last;) {
    const size_t rows = min_size(last - row, VALUE_ROWS);
    const operands x = {w->projection.keys + row * steps, QUAD * steps,
                        panel->query + part * steps * PANEL, steps};
    const projection_output out = {w->projection.key_scale + row, w->projection.key_offset + row,
                                   w->space.projected + row * PANEL, largest};
    project_tiles[rows / QUAD - 1][panel->vectors - 1](&x, &out);
    row += rows;
  }
}

/// The word of a query in `rounded` that begins with row `row` of the projection.
INLINE size_t rounded_word(const axial_work *w, size_t row) {
  (void)w;
  return row / FOLD;
}

#endif

/// Rounds the panel's projected queries, with one step for each query.
static void round_panel(const axial_work *w, const query_panel *panel, const float *largest) {
  const size_t rows = w->sizes.places * w->task->channels;
  for (size_t n = 0; n < PANEL; n += VF_WIDTH) {
    const vf scale = scales_for(vf_load(largest + n));
    vf_store(w->space.inverse + n, vf_div(vf_set(1.0f), scale));
    vf_store(panel->unit + n, vf_mul(vf_load(panel->unit + n), scale));
  }
  for (size_t row = 0; row < rows; row += FOLD)
    for (size_t n = 0; n < panel->vectors * VF_WIDTH; n += VF_WIDTH) {
      vf parts[FOLD];
      UNROLLED for (size_t i = 0; i < FOLD; ++i) {
        const vf v = vf_load(w->space.projected + (row + i) * PANEL + n);
        parts[FOLDED_ROW(i)] = to_range(v, vf_load(w->space.inverse + n));
      }
      vw_store((int32_t *)w->space.rounded + rounded_word(w, row) * PANEL + n,
               vw_flip(fold_rows(parts)));
    }
}

static void project(const axial_work *w, const query_panel *panel) {
  const size_t columns = w->task->width * w->task->channels;
  const size_t rows = w->sizes.places * w->task->channels;
  _Alignas(64) float largest[PANEL] = {0}, unused[PANEL] = {0};
  project_rows(w, panel, 0, 0, columns, largest);
  project_rows(w, panel, 1, columns, rows, largest);
  round_panel(w, panel, largest);
  if (w->task->has_bias) {
    project_rows(w, panel, 0, rows, rows + w->sizes.row_biases, unused);
    project_rows(w, panel, 1, rows + w->sizes.row_biases, w->sizes.rows, unused);
  }
}

// MARK: - Scores

#ifndef MATRIX_TILES

/// Computes the scores of the tokens at places [key, key + rows) of a tile, all in one cell.
INLINE void score_cell(const axial_work *w, const query_panel *panel, size_t tile, size_t cell,
                       size_t key, size_t rows, float *maximum, softmax_state *beside) {
  const size_t width = w->task->width, steps = w->sizes.token_steps;
  const size_t column = cell % width, row = cell / width;
  const size_t at = tile * SAM2_KEY_TILE + key;
  const float *biases =
      w->space.projected + w->sizes.places * w->task->channels * PANEL;
  const int has_bias = w->task->has_bias;
  const token_run run = {
      w->work.prepared.keys + at * steps,
      {w->space.rounded + column * steps * PANEL, w->space.rounded + (width + row) * steps * PANEL},
      {has_bias ? biases + column * PANEL : NULL,
       has_bias ? biases + (w->sizes.row_biases + row) * PANEL : NULL},
      w->space.inverse,
      steps,
      w->work.prepared.key_scale + at,
      w->work.prepared.key_offset + at,
      w->work.space.scores + key * PANEL,
      maximum};
  run_tiles[rows - 1][panel->vectors - 1](&run, key, beside);
}

/// Computes the scores of a tile, and their maxima. They replace the scores of `beside`, which
/// meanwhile become weights.
/// - Returns: the number of keys of the tile, in whole quads.
static size_t score_tokens(const axial_work *w, const query_panel *panel, size_t index,
                           float *maximum, softmax_state *beside) {
  const axial_tile tile = axial_tile_of(w->task, &w->sizes, index);
  for (size_t n = 0; n < PANEL; n += VF_WIDTH)
    vf_store(maximum + n, vf_set(-__builtin_inff()));
  for (size_t cell = 0; cell < tile.cells; ++cell)
    for (size_t frame = 0; frame < tile.frames; frame += RUN_ROWS)
      score_cell(w, panel, index, tile.cell + cell, cell * tile.frames + frame,
                 min_size(RUN_ROWS, tile.frames - frame), maximum, beside);
  const size_t keys = whole(tile.keys, QUAD);
  softmax_until(beside, keys);
  // A NaN is never the largest score and has weight zero, so padding does not matter.
  for (size_t n = tile.keys * PANEL; n < keys * PANEL; n += VF_WIDTH)
    vf_store(w->work.space.scores + n, vf_set(__builtin_nanf("")));
  return keys;
}

#endif

static void attend_tokens(const axial_work *w, const query_panel *panel) {
  const attention_work *work = &w->work;
  scored_panel scored;
  clear(&scored);
  for (size_t tile = 0; tile < w->sizes.tiles; ++tile) {
    _Alignas(64) float maximum[PANEL];
    const size_t keys = score_tokens(w, panel, tile, maximum, &scored.weights);
    finish(work, &scored);
    keep(work, panel, tile, keys, maximum, &scored);
  }
  finish(work, &scored);
}

static void KERNEL(axial_s8)(const sam2_axial_s8 *task) {
  axial_work w;
  start_axial(task, &w);
  const attention_sizes projection = projection_sizes(task, &w.sizes);
  split_prepared(&projection, (void *)task->projection, &w.projection);
  split_tokens(task, &w.sizes, task->prepared, &w.work.prepared);
  split_axial_space(&w, task->workspace, &w.work.space, &w.space);
  begin_products();
  for (size_t query = 0; query < task->queries; query += PANEL) {
    const size_t count = min_size(task->queries - query, PANEL);
    load_panel(&w.work, query, 0, count);
    const query_panel panel = panel_of(&w.work, 0, count);
    project(&w, &panel);
    attend_tokens(&w, &panel);
    store_panel(&w.work, query, 0, count);
  }
  end_products();
}

#endif
