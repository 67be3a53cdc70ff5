// attention_s8, written once for all levels.
//
// The loops of attention_f32 (Dao et al. 2022; Milakov and Gimelshein 2018) on integers, as
// Formats/operators.md defines them: int8 scores as in SageAttention (Zhang et al. 2024,
// arXiv 2410.02367), weights of eight bits relative to the largest of their tile of keys, int8
// values. Lanes are queries, so a query's maximum, sum and scale need no shuffles: one tile gives
// scores [keys, queries], which become weights lane by lane, and the weights times the values give
// sums [channels, queries].

#ifndef SAM2_ATTENTION_S8_H
#define SAM2_ATTENTION_S8_H

#include "attention_s8_panel.h"

// MARK: - Queries

/// Quantises a query's row to words along the depth; returns the step size.
static float round_query(const sam2_attention_s8 *task, const attention_sizes *s, size_t query,
                         uint32_t *words) {
  const float *row = task->query + query * task->ldq;
  const vf factor = vf_set(task->scale * 1.44269504f);
  vf largest = vf_zero();
  for (size_t k = 0; k < s->depth; k += VF_WIDTH)
    largest = max_magnitude(vf_mul(load_padded(row, k, task->head_depth), factor), largest);
  const float scale = scale_for(vf_largest(largest));
  const vf inverse = vf_set(1.0f / scale);
  for (size_t k = 0; k < s->depth; k += VF_WIDTH) {
    const vf v = vf_mul(load_padded(row, k, task->head_depth), factor);
    fold_store(words + k / FOLD, to_range(v, inverse));
  }
  return scale;
}

/// Transposes rows of signed words into lanes of unsigned ones: [lanes, steps] to [steps, PANEL].
static void transpose_words(const uint32_t *rows, size_t steps, size_t lanes, uint32_t *panel) {
  const size_t stride = whole(steps, VF_WIDTH);
  for (size_t lane = 0; lane < lanes; lane += VF_WIDTH)
    for (size_t step = 0; step < steps; step += VF_WIDTH) {
      vf block[VF_WIDTH];
      UNROLLED for (size_t i = 0; i < VF_WIDTH; ++i)
        block[i] = vf_load((const float *)rows + (lane + i) * stride + step);
      vf_transpose(block);
      const size_t count = min_size(VF_WIDTH, steps - step);
      for (size_t i = 0; i < count; ++i)
        vw_store((int32_t *)panel + (step + i) * PANEL + lane, vw_flip(vw_bits(block[i])));
    }
}

static void load_panel(const attention_work *w, size_t query, size_t first, size_t count) {
  const attention_sizes *s = &w->sizes;
  const attention_space *space = &w->space;
  const size_t stride = whole(s->steps, VF_WIDTH);
  for (size_t i = 0; i < PANEL; ++i) {
    // Lanes without a query compute on whatever is there; nothing reads their results.
    const float scale =
        i < count ? round_query(w->task, s, query + first + i, space->rows + i * stride) : 1;
    space->unit[first + i] = scale * EXPONENT_UNITS;
    space->maximum[first + i] = -__builtin_inff();
    space->total[first + i] = 0;
  }
  transpose_words(space->rows, s->steps, count, space->query + first * s->steps);
  __builtin_memset(space->sums + first * whole(s->channels, VF_WIDTH), 0,
                   PANEL * whole(s->channels, VF_WIDTH) * sizeof(float));
}

static void store_panel(const attention_work *w, size_t query, size_t first, size_t count) {
  const sam2_attention_s8 *task = w->task;
  const query_panel panel = panel_of(w, first, first + count);
  for (size_t lane = 0; lane < count; lane += VF_WIDTH) {
    const vf inverse = vf_div(vf_set(1.0f), vf_load(panel.total + lane));
    const size_t rows = min_size(VF_WIDTH, count - lane);
    for (size_t c = 0; c < task->value_depth; c += VF_WIDTH) {
      vf block[VF_WIDTH];
      UNROLLED for (size_t i = 0; i < VF_WIDTH; ++i)
        block[i] = vf_mul(vf_load(panel.sums + (c + i) * PANEL + lane), inverse);
      vf_transpose(block);
      const size_t columns = min_size(VF_WIDTH, task->value_depth - c);
      float *out = task->out + (query + first + lane) * task->ldo + c;
      for (size_t i = 0; i < rows; ++i)
        vf_store_n(out + i * task->ldo, block[i], columns);
    }
  }
}

INLINE void start_work(const sam2_attention_s8 *task, attention_work *w) {
  w->task = task;
  w->sizes = sizes_of(task);
  split_prepared(&w->sizes, task->prepared, &w->prepared);
  split_space(&w->sizes, BLOCK_QUERIES, task->workspace, &w->space);
}

static void KERNEL(attention_s8)(const sam2_attention_s8 *task) {
  attention_work w;
  start_work(task, &w);
  begin_products();
  for (size_t query = 0; query < task->queries; query += BLOCK_QUERIES) {
    const size_t block = min_size(task->queries - query, BLOCK_QUERIES);
    for (size_t first = 0; first < block; first += PANEL)
      load_panel(&w, query, first, min_size(block - first, PANEL));
    scored_panel scored;
    clear(&scored);
    for (size_t tile = 0; tile < w.sizes.tiles; ++tile)
      for (size_t first = 0; first < block; first += PANEL) {
        const query_panel panel = panel_of(&w, first, block);
        attend(&w, &panel, tile, &scored);
      }
    finish(&w, &scored);
    for (size_t first = 0; first < block; first += PANEL)
      store_panel(&w, query, first, min_size(block - first, PANEL));
  }
  end_products();
}

/// Copies out the integers of a panel and a tile, one row for each query.
static void copy_integers(const attention_work *w, size_t query, size_t count, size_t first,
                          const int32_t *integers, int32_t *scores, uint8_t *weights) {
  const size_t key_count = w->task->key_count;
  const size_t keys = min_size(key_count - first, SAM2_KEY_TILE);
  for (size_t q = 0; q < count; ++q)
    for (size_t k = 0; k < keys; ++k) {
      const size_t to = (query + q) * key_count + first + k;
      scores[to] = integers[k * PANEL + q];
      weights[to] =
          (uint8_t)unfold_power(w->space.weights[k / FOLD * PANEL + q], k % FOLD);
    }
}

static void KERNEL(attention_s8_integers)(const sam2_attention_s8 *task, int32_t *scores,
                                          uint8_t *weights) {
  static const size_t tile_keys = SAM2_KEY_TILE;
  _Alignas(64) int32_t integers[SAM2_KEY_TILE * PANEL], total[PANEL];
  _Alignas(64) float maximum[PANEL];
  attention_work w;
  start_work(task, &w);
  begin_products();
  for (size_t query = 0; query < task->queries; query += PANEL) {
    const size_t count = min_size(task->queries - query, PANEL);
    load_panel(&w, query, 0, count);
    const query_panel panel = panel_of(&w, 0, count);
    for (size_t tile = 0; tile < w.sizes.tiles; ++tile) {
      const size_t keys = min_size(w.sizes.keys - tile * tile_keys, tile_keys);
      softmax_state softmax;
      softmax_begin(&softmax, w.space.scores, w.space.weights, maximum, panel.unit, 0);
      score(&w, &panel, tile * tile_keys, keys, integers, maximum, &softmax);
      softmax_begin(&softmax, w.space.scores, w.space.weights, maximum, panel.unit, keys);
      softmax_finish(&softmax, total);
      copy_integers(&w, query, count, tile * tile_keys, integers, scores, weights);
    }
  }
  end_products();
}

#endif
