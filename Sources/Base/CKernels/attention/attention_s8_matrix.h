// The products of attention_s8 by tile registers.
//
// A block has 32 rows and a panel of lanes. While the registers work on a block, the sums of the
// previous one, held in a 4 KB scratch, become scores or are added to sums, and earlier scores
// become weights; none of that needs the registers.

#ifndef SAM2_ATTENTION_S8_MATRIX_H
#define SAM2_ATTENTION_S8_MATRIX_H

/// Sums of two blocks: those being stored, and those before them.
typedef struct {
  _Alignas(64) int32_t block[2][BLOCK_TILE_ROWS * PANEL];
} block_sums;

INLINE size_t block_rows(size_t left) {
  return left > MATRIX_ROWS ? BLOCK_TILE_ROWS : MATRIX_ROWS;
}

/// Stores `rows` rows of the panel's vectors.
INLINE void store_block(size_t rows, const query_panel *panel, int32_t *sums) {
  amx_store_block(rows > MATRIX_ROWS ? 2 : 1, (int)panel->vectors, sums);
}

// MARK: - Scores

/// Scales and destination for the sums of a block of `rows` keys.
typedef struct {
  const float *key_scale;
  float *scores;
  int32_t *integers;  // NULL, or [rows, PANEL]
  size_t rows;
} score_block;

INLINE void output_scores(const int vectors, const int32_t *sums, const score_block *block,
                          float *maximum) {
  if (block->integers)
    __builtin_memcpy(block->integers, sums, block->rows * PANEL * sizeof(int32_t));
  vf top[2];
  UNROLLED for (int v = 0; v < vectors; ++v) top[v] = vf_load(maximum + v * VF_WIDTH);
  for (size_t r = 0; r < block->rows; ++r) {
    const vf scale = vf_set(block->key_scale[r]);
    UNROLLED for (int v = 0; v < vectors; ++v) {
      const vf score = vf_mul(vw_float(vw_load(sums + r * PANEL + v * VF_WIDTH)), scale);
      top[v] = vf_max(score, top[v]);
      vf_store(block->scores + r * PANEL + v * VF_WIDTH, score);
    }
  }
  UNROLLED for (int v = 0; v < vectors; ++v) vf_store(maximum + v * VF_WIDTH, top[v]);
}

static void output_panel_scores(const query_panel *panel, const int32_t *sums,
                                const score_block *block, float *maximum) {
  if (panel->vectors > 1)
    output_scores(2, sums, block, maximum);
  else
    output_scores(1, sums, block, maximum);
}

/// Computes the scores of `keys` keys (whole tiles) from `key` on, and their maxima. They replace
/// the scores of `beside`, which meanwhile become weights.
static void score(const attention_work *w, const query_panel *panel, size_t key, size_t keys,
                  int32_t *integers, float *maximum, softmax_state *beside) {
  const size_t steps = w->sizes.steps, row_bytes = steps * sizeof(uint32_t);
  block_sums sums;
  score_block before = {0};
  int slot = 0;
  for (size_t n = 0; n < PANEL; n += VF_WIDTH)
    vf_store(maximum + n, vf_set(-__builtin_inff()));
  for (size_t k = 0; k < keys; slot = !slot) {
    const size_t rows = block_rows(keys - k);
    const amx_operands x = {w->prepared.keys + (key + k) * steps, row_bytes, panel->query};
    fetch_ahead(w, panel, key + k, rows);
    amx_multiply(AMX_SS, rows, panel->vectors, &x, row_bytes / MATRIX_DEPTH);
    output_panel_scores(panel, sums.block[!slot], &before, maximum);
    softmax_until(beside, k + rows);
    store_block(rows, panel, sums.block[slot]);
    before = (score_block){w->prepared.key_scale + key + k, w->space.scores + k * PANEL,
                           integers ? integers + k * PANEL : NULL, rows};
    k += rows;
  }
  output_panel_scores(panel, sums.block[!slot], &before, maximum);
}

// MARK: - Values

/// Destination for the sums of a block of channels: sums[r, lane] += factor[lane] * scale[r] *
/// integer.
typedef struct {
  const float *value_scale;
  float *sums;
  size_t rows;
} value_block_output;

INLINE void output_values(const int vectors, const int32_t *integers,
                          const value_block_output *block, const float *factor) {
  vf share[2];
  UNROLLED for (int v = 0; v < vectors; ++v) share[v] = vf_load(factor + v * VF_WIDTH);
  for (size_t r = 0; r < block->rows; ++r) {
    const vf scale = vf_set(block->value_scale[r]);
    UNROLLED for (int v = 0; v < vectors; ++v) {
      const size_t at = r * PANEL + v * VF_WIDTH;
      float *p = block->sums + at;
      const vf integer = vw_float(vw_load(integers + at));
      vf_store(p, vf_fma(vf_mul(integer, share[v]), scale, vf_load(p)));
    }
  }
}

static void output_panel_values(const query_panel *panel, const int32_t *integers,
                                const value_block_output *block, const float *factor) {
  if (panel->vectors > 1)
    output_values(2, integers, block, factor);
  else
    output_values(1, integers, block, factor);
}

static void add_values(const attention_work *w, const query_panel *panel, size_t tile, size_t keys,
                       const float *factor) {
  const attention_sizes *s = &w->sizes;
  const size_t row_bytes = s->tile_steps * sizeof(uint32_t);
  const uint32_t *values = w->prepared.values + tile * s->channels * s->tile_steps;
  block_sums sums;
  value_block_output before = {0};
  int slot = 0;
  for (size_t c = 0; c < s->channels; slot = !slot) {
    const size_t rows = block_rows(s->channels - c);
    const amx_operands x = {values + c * s->tile_steps, row_bytes, w->space.weights};
    // Weights beyond the last key are left over from an earlier tile, and meet values of zero.
    amx_multiply(AMX_SU, rows, panel->vectors, &x, whole(keys, WHOLE_KEYS) / MATRIX_DEPTH);
    output_panel_values(panel, sums.block[!slot], &before, factor);
    store_block(rows, panel, sums.block[slot]);
    before = (value_block_output){w->prepared.value_scale + tile * s->channels + c,
                                  panel->sums + c * PANEL, rows};
    c += rows;
  }
  output_panel_values(panel, sums.block[!slot], &before, factor);
}

#endif
