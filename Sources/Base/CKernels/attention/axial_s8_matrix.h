// The products of axial_s8 by tile registers: projections of queries, and scores of tokens.

#ifndef SAM2_AXIAL_S8_MATRIX_H
#define SAM2_AXIAL_S8_MATRIX_H

// MARK: - Projections

/// Scales and destination for a block of projections.
typedef struct {
  const float *scale;
  float *projected;
  size_t rows;
} projection_block;

INLINE void output_projections(const int vectors, const int32_t *sums,
                               const projection_block *block, float *largest) {
  vf magnitude[2];
  UNROLLED for (int v = 0; v < vectors; ++v) magnitude[v] = vf_load(largest + v * VF_WIDTH);
  for (size_t r = 0; r < block->rows; ++r) {
    const vf scale = vf_set(block->scale[r]);
    UNROLLED for (int v = 0; v < vectors; ++v) {
      const size_t at = r * PANEL + v * VF_WIDTH;
      const vf projected = vf_mul(vw_float(vw_load(sums + at)), scale);
      magnitude[v] = max_magnitude(projected, magnitude[v]);
      vf_store(block->projected + at, projected);
    }
  }
  UNROLLED for (int v = 0; v < vectors; ++v) vf_store(largest + v * VF_WIDTH, magnitude[v]);
}

static void output_panel_projections(const query_panel *panel, const int32_t *sums,
                                     const projection_block *block, float *largest) {
  if (panel->vectors > 1)
    output_projections(2, sums, block, largest);
  else
    output_projections(1, sums, block, largest);
}

/// Projects the panel for rows [first, last) of the projection, whole tiles of one part of the
/// depth; raises `largest`, [PANEL], to the largest magnitude.
static void project_rows(const axial_work *w, const query_panel *panel, size_t part, size_t first,
                         size_t last, float *largest) {
  const size_t steps = whole(w->sizes.half_steps, MATRIX_DEPTH / FOLD);
  const size_t row_bytes = steps * sizeof(uint32_t);
  block_sums sums;
  projection_block before = {0};
  int slot = 0;
  for (size_t row = first; row < last; slot = !slot) {
    const size_t rows = block_rows(last - row);
    const amx_operands x = {w->projection.keys + row * steps, row_bytes,
                            panel->query + part * w->sizes.half_steps * PANEL};
    amx_multiply(AMX_SS, rows, panel->vectors, &x, row_bytes / MATRIX_DEPTH);
    output_panel_projections(panel, sums.block[!slot], &before, largest);
    store_block(rows, panel, sums.block[slot]);
    before = (projection_block){w->projection.key_scale + row, w->space.projected + row * PANEL,
                                rows};
    row += rows;
  }
  output_panel_projections(panel, sums.block[!slot], &before, largest);
}

/// The word of a query in `rounded` that begins with row `row` of the projection.
INLINE size_t rounded_word(const axial_work *w, size_t row) {
  const size_t channels = w->task->channels;
  return row / channels * w->sizes.token_steps + row % channels / FOLD;
}

// MARK: - Scores

/// Tokens of one cell whose sums become scores.
typedef struct {
  const float *bias[2];  // each [PANEL], or NULL
  const float *scale;    // [rows]
  float *scores;         // [rows, PANEL]
  size_t rows;           // 0 if there is no block
} token_block;

INLINE void output_tokens(const int vectors, const int32_t *sums, const token_block *block,
                          const float *inverse, float *maximum) {
  UNROLLED for (int v = 0; v < vectors; ++v) {
    const size_t lane = v * VF_WIDTH;
    vf bias = vf_zero();
    if (block->bias[0])
      bias = vf_mul(vf_add(vf_load(block->bias[0] + lane), vf_load(block->bias[1] + lane)),
                    vf_load(inverse + lane));
    vf top = vf_load(maximum + lane);
    for (size_t r = 0; r < block->rows; ++r) {
      const vf sum = vw_float(vw_load(sums + r * PANEL + lane));
      const vf score = vf_add(vf_mul(sum, vf_set(block->scale[r])), bias);
      top = vf_max(score, top);
      vf_store(block->scores + r * PANEL + lane, score);
    }
    vf_store(maximum + lane, top);
  }
}

static void output_panel_tokens(const axial_work *w, const query_panel *panel, const int32_t *sums,
                                const token_block *block, float *maximum) {
  if (block->rows == 0)
    return;
  if (panel->vectors > 1)
    output_tokens(2, sums, block, w->space.inverse, maximum);
  else
    output_tokens(1, sums, block, w->space.inverse, maximum);
}

/// Computes a tile of sums for the tokens from place `at` on, with the queries as projected for one
/// column and one row of the grid. Sums for tokens of other cells are meaningless.
INLINE void multiply_tokens(const axial_work *w, const query_panel *panel, size_t at, size_t column,
                            size_t row) {
  const size_t steps = w->sizes.token_steps, row_bytes = steps * sizeof(uint32_t);
  const uint32_t *tokens = w->work.prepared.keys + at * steps;
  const size_t places[2] = {column, w->task->width + row};
  amx_zero_block(1, 2);
  UNROLLED for (int part = 0; part < 2; ++part) {
    const amx_operands x = {tokens, row_bytes, w->space.rounded + places[part] * steps * PANEL};
    for (size_t step = 0; step < row_bytes / MATRIX_DEPTH; ++step) {
      if (panel->vectors > 1)
        amx_add_step(AMX_SS, 1, 2, &x, step);
      else
        amx_add_step(AMX_SS, 1, 1, &x, step);
    }
  }
}

/// The output for `rows` tokens of `cell`, at the places from `key` on in tile `tile`.
INLINE token_block token_block_of(const axial_work *w, size_t tile, size_t cell, size_t key,
                                  size_t rows) {
  const size_t column = cell % w->task->width, row = cell / w->task->width;
  const float *biases = w->space.projected + w->sizes.places * w->task->channels * PANEL;
  const int has_bias = w->task->has_bias;
  return (token_block){{has_bias ? biases + column * PANEL : NULL,
                        has_bias ? biases + (w->sizes.row_biases + row) * PANEL : NULL},
                       w->work.prepared.key_scale + tile * SAM2_KEY_TILE + key,
                       w->work.space.scores + key * PANEL,
                       rows};
}

/// Computes the scores of a tile, and their maxima. They replace the scores of `beside`, which
/// meanwhile become weights.
/// - Returns: the number of keys of the tile, in whole quads.
static size_t score_tokens(const axial_work *w, const query_panel *panel, size_t index,
                           float *maximum, softmax_state *beside) {
  const axial_tile tile = axial_tile_of(w->task, &w->sizes, index);
  const size_t width = w->task->width;
  block_sums sums;
  token_block before = {0};
  int slot = 0;
  for (size_t n = 0; n < PANEL; n += VF_WIDTH)
    vf_store(maximum + n, vf_set(-__builtin_inff()));
  for (size_t cell = tile.cell; cell < tile.cell + tile.cells; ++cell)
    for (size_t frame = 0; frame < tile.frames; frame += MATRIX_ROWS, slot = !slot) {
      const size_t key = (cell - tile.cell) * tile.frames + frame;
      const size_t rows = min_size(MATRIX_ROWS, tile.frames - frame);
      multiply_tokens(w, panel, index * SAM2_KEY_TILE + key, cell % width, cell / width);
      output_panel_tokens(w, panel, sums.block[!slot], &before, maximum);
      softmax_until(beside, key + rows);
      store_block(MATRIX_ROWS, panel, sums.block[slot]);
      before = token_block_of(w, index, cell, key, rows);
    }
  output_panel_tokens(w, panel, sums.block[!slot], &before, maximum);
  const size_t keys = whole(tile.keys, QUAD);
  softmax_until(beside, keys);
  // A NaN is never the largest score and has weight zero, so padding does not matter.
  for (size_t n = tile.keys * PANEL; n < keys * PANEL; n += VF_WIDTH)
    vf_store(w->work.space.scores + n, vf_set(__builtin_nanf("")));
  return keys;
}

#endif
