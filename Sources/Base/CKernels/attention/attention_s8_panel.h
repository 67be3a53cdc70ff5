// One panel of queries against one tile of keys: the inner part of attention_s8, for all levels.

#ifndef SAM2_ATTENTION_S8_PANEL_H
#define SAM2_ATTENTION_S8_PANEL_H

#include "../simd/math.h"
#include "attention_s8_prepare.h"
#include "attention_s8_weights.h"

#ifndef MATRIX_TILES
#include "attention_s8_tiles.h"
#endif

/// A larger maximum is adopted when it exceeds the one in use by this power of two; until then, the
/// sums of later tiles grow.
#define MAX_GROWTH 16.0f

/// One thread's workspace.
typedef struct {
  uint32_t *query;     // [panels of BLOCK_QUERIES][steps][PANEL]
  uint32_t *rows;      // [PANEL, padded steps]: queries before transposition
  float *scores;       // [SAM2_KEY_TILE, PANEL]
  uint32_t *weights;   // [SAM2_KEY_TILE / FOLD, PANEL]
  float *sums;         // [panels][padded channels][PANEL]: weights times values so far
  float *unit;         // [BLOCK_QUERIES]: exponent units in one unit of score
  float *maximum;      // [BLOCK_QUERIES]: score whose weight is 255
  float *total;        // [BLOCK_QUERIES]: sum of the weights so far
} attention_space;

/// Splits a workspace with room for `queries` queries at once, in panels; returns its size.
INLINE size_t split_space(const attention_sizes *s, size_t queries, void *start,
                          attention_space *parts) {
  const size_t sizes[] = {queries * s->steps * 4,
                          PANEL * whole(s->steps, VF_WIDTH) * 4,
                          SAM2_KEY_TILE * PANEL * 4,
                          SAM2_KEY_TILE / FOLD * PANEL * 4,
                          queries * whole(s->channels, VF_WIDTH) * 4,
                          queries * 4,
                          queries * 4,
                          queries * 4};
  size_t offsets[8];
  const size_t bytes = place_parts(sizes, 8, offsets);
  if (parts) {
    char *base = start;
    *parts = (attention_space){
        (uint32_t *)(base + offsets[0]), (uint32_t *)(base + offsets[1]),
        (float *)(base + offsets[2]),    (uint32_t *)(base + offsets[3]),
        (float *)(base + offsets[4]),    (float *)(base + offsets[5]),
        (float *)(base + offsets[6]),    (float *)(base + offsets[7])};
  }
  return bytes;
}

static size_t KERNEL(attention_s8_workspace_bytes)(const sam2_attention_s8 *task) {
  const attention_sizes sizes = sizes_of(task);
  return split_space(&sizes, BLOCK_QUERIES, NULL, NULL);
}

// MARK: - One panel of queries against one tile of keys

typedef struct {
  const sam2_attention_s8 *task;
  attention_sizes sizes;
  attention_prepared prepared;
  attention_space space;
} attention_work;

/// A panel of the block, with pointers to its part of the space.
typedef struct {
  const uint32_t *query;
  float *sums, *unit, *maximum, *total;
  size_t index;    // in the block
  size_t shares;   // panels of the block
  size_t vectors;  // vectors that hold queries
} query_panel;

/// The panel that starts at query `first` of a block of `block` queries.
INLINE query_panel panel_of(const attention_work *w, size_t first, size_t block) {
  const attention_space *space = &w->space;
  return (query_panel){space->query + first * w->sizes.steps,
                       space->sums + first * whole(w->sizes.channels, VF_WIDTH),
                       space->unit + first,
                       space->maximum + first,
                       space->total + first,
                       first / PANEL,
                       (block + PANEL - 1) / PANEL,
                       block - first > VF_WIDTH ? 2 : 1};
}

/// Prefetches a share of the next tile: while a panel of a block works on this tile, it fetches its
/// part of the next keys, row by row, so that the first panel finds them in L2 when it gets there.
INLINE void fetch_ahead(const attention_work *w, const query_panel *panel, size_t key,
                        size_t rows) {
  const size_t shares = panel->shares;
  const size_t tile = key / SAM2_KEY_TILE * SAM2_KEY_TILE, row_bytes = w->sizes.steps * 4;
  if (tile + 2 * SAM2_KEY_TILE > w->sizes.keys)
    return;
  const char *next = (const char *)w->prepared.keys + (tile + SAM2_KEY_TILE) * row_bytes +
                     (panel->index * SAM2_KEY_TILE + key - tile) * row_bytes / shares;
  for (size_t i = 0; i < rows * row_bytes / shares; i += 64)
    __builtin_prefetch(next + i, 0, 2);
}

#ifdef MATRIX_TILES
#include "attention_s8_matrix.h"
#else

/// Computes the scores of `keys` keys (whole quads) from `key` on, and their maxima. They replace
/// the scores of `beside`, which meanwhile become weights.
static void score(const attention_work *w, const query_panel *panel, size_t key, size_t keys,
                  int32_t *integers, float *maximum, softmax_state *beside) {
  const size_t steps = w->sizes.steps;
  for (size_t n = 0; n < PANEL; n += VF_WIDTH)
    vf_store(maximum + n, vf_set(-__builtin_inff()));
  for (size_t k = 0; k < keys;) {
    const size_t rows = min_size(keys - k, SCORE_ROWS);
    const operands x = {w->prepared.keys + (key + k) * steps, QUAD * steps, panel->query, steps};
    const score_output out = {w->prepared.key_scale + key + k, w->prepared.key_offset + key + k,
                              w->space.scores + k * PANEL,
                              integers ? integers + k * PANEL : NULL, maximum};
    fetch_ahead(w, panel, key + k, rows);
    score_tiles[rows / QUAD - 1][panel->vectors - 1](&x, &out, beside);
    k += rows;
  }
}

static void add_values(const attention_work *w, const query_panel *panel, size_t tile, size_t keys,
                       const float *factor) {
  const attention_sizes *s = &w->sizes;
  const uint32_t *values = w->prepared.values + tile * s->channels * s->tile_steps;
  for (size_t c = 0; c < s->channels;) {
    const size_t rows = min_size(s->channels - c, VALUE_ROWS);
    const operands x = {values + c * s->tile_steps, QUAD * s->tile_steps, w->space.weights,
                        keys / FOLD};
    const value_output out = {w->prepared.value_scale + tile * s->channels + c, factor,
                              panel->sums + c * PANEL,
#if BYTE_SHIFT
                              w->prepared.value_offset + tile * s->channels + c,
#endif
    };
    value_tiles[rows / QUAD - 1][panel->vectors - 1](&x, &out);
    c += rows;
  }
}

#endif

/// Rescales the sums of lanes whose maximum has grown too much.
static void adopt_maximum(const attention_work *w, const query_panel *panel, const float *maximum,
                          float unit_scale) {
  float factor[PANEL];
  for (size_t n = 0; n < PANEL; ++n) factor[n] = 1;
  for (size_t n = 0; n < panel->vectors * VF_WIDTH; n += VF_WIDTH) {
    const vf old = vf_load(panel->maximum + n), new = vf_load(maximum + n);
    const vf growth = vf_mul(vf_mul(vf_sub(new, old), vf_load(panel->unit + n)),
                             vf_set(unit_scale));
    const vf limit = vf_set(MAX_GROWTH * 0.693147181f);
    const vf shrink = vf_exp_nonpositive(vf_sub(vf_zero(), growth));
    const vf change = vf_select_less(limit, growth, shrink, vf_set(1.0f));
    vf_store(factor + n, change);
    vf_store(panel->maximum + n, vf_select_less(limit, growth, new, old));
    vf_store(panel->total + n, vf_mul(vf_load(panel->total + n), change));
  }
  for (size_t c = 0; c < w->sizes.channels; ++c)
    for (size_t n = 0; n < panel->vectors * VF_WIDTH; n += VF_WIDTH) {
      float *p = panel->sums + c * PANEL + n;
      vf_store(p, vf_mul(vf_load(p), vf_load(factor + n)));
    }
}

/// Computes the factors that bring this tile's weights to the panel's maximum; adds to the totals.
static void join_tile(const attention_work *w, const query_panel *panel, const float *maximum,
                      const int32_t *total, float *factor) {
  const float unit_scale = 0.693147181f / EXPONENT_UNITS;  // to natural exponents
  int grown = 0;
  for (size_t n = 0; n < panel->vectors * VF_WIDTH; n += VF_WIDTH) {
    const vf growth = vf_mul(vf_sub(vf_load(maximum + n), vf_load(panel->maximum + n)),
                             vf_mul(vf_load(panel->unit + n), vf_set(unit_scale)));
    // A NaN (scores beyond all floats) must not hide the growth of other lanes.
    grown |= vf_largest(vf_max(growth, vf_zero())) > MAX_GROWTH * 0.693147181f;
  }
  if (grown)
    adopt_maximum(w, panel, maximum, unit_scale);
  for (size_t n = 0; n < panel->vectors * VF_WIDTH; n += VF_WIDTH) {
    const vf growth = vf_mul(vf_sub(vf_load(maximum + n), vf_load(panel->maximum + n)),
                             vf_mul(vf_load(panel->unit + n), vf_set(unit_scale)));
    const vf change = vf_exp_nonpositive(growth);
    vf_store(factor + n, change);
    vf_store(panel->total + n,
             vf_fma(vw_float(vw_load(total + n)), change, vf_load(panel->total + n)));
  }
}

/// A panel whose scores for a tile of keys are ready; `keys` is 0 if there is no such panel.
typedef struct {
  _Alignas(64) float maximum[PANEL];
  softmax_state weights;
  query_panel panel;
  size_t tile, keys;
} scored_panel;

INLINE void clear(scored_panel *scored) {
  scored->keys = 0;
  scored->weights.key = scored->weights.keys = 0;
}

/// Adds the weighted values of the scored panel to the panel's sums.
static void finish(const attention_work *w, scored_panel *scored) {
  _Alignas(64) float factor[PANEL];
  _Alignas(64) int32_t total[PANEL];
  if (scored->keys == 0)
    return;
  softmax_finish(&scored->weights, total);
  join_tile(w, &scored->panel, scored->maximum, total, factor);
  add_values(w, &scored->panel, scored->tile, scored->keys, factor);
}

/// Records a panel whose scores for `keys` keys are ready.
INLINE void keep(const attention_work *w, const query_panel *panel, size_t tile, size_t keys,
                 const float *maximum, scored_panel *scored) {
  scored->panel = *panel;
  scored->tile = tile;
  scored->keys = keys;
  __builtin_memcpy(scored->maximum, maximum, sizeof scored->maximum);
  softmax_begin(&scored->weights, w->space.scores, w->space.weights, scored->maximum,
                panel->unit, keys);
}

/// Scores a panel for a tile of keys, and finishes the panel scored before it.
static void attend(const attention_work *w, const query_panel *panel, size_t tile,
                   scored_panel *scored) {
  _Alignas(64) float maximum[PANEL];
  const size_t first = tile * SAM2_KEY_TILE;
  const size_t keys = min_size(w->sizes.keys - first, SAM2_KEY_TILE);
  score(w, panel, first, keys, NULL, maximum, &scored->weights);
  finish(w, scored);
  keep(w, panel, tile, keys, maximum, scored);
}

#endif
