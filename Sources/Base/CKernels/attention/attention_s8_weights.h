// From scores to weights, for all levels: the softmax of attention_s8, a few keys at a time.
//
// It runs between the products of the next scores. The products keep the multipliers busy and the
// softmax mainly the adders, so a large part of it takes no extra time.

#ifndef SAM2_ATTENTION_S8_WEIGHTS_H
#define SAM2_ATTENTION_S8_WEIGHTS_H

#include "attention_s8_layout.h"

/// Words that carry rounding remainders: even and odd keys have one each.
#define CARRIES (FOLD == 1 ? 2 : 1)
/// Keys that become weights together.
#define WEIGHED_KEYS (CARRIES * FOLD)

/// Scores of a panel on their way to weights.
typedef struct {
  const float *scores;   // [keys, PANEL]
  uint32_t *weights;     // [keys / FOLD, PANEL]
  const float *maximum;  // [PANEL]: largest score
  const float *unit;     // [PANEL]: exponent units in one unit of score
  vw carry[2][CARRIES];
  vw sum[2];             // of the weights so far
  size_t key, keys;      // the next key, and the number of keys
} softmax_state;

INLINE void softmax_begin(softmax_state *w, const float *scores, uint32_t *weights,
                          const float *maximum, const float *unit, size_t keys) {
  w->scores = scores;
  w->weights = weights;
  w->maximum = maximum;
  w->unit = unit;
  w->key = 0;
  w->keys = keys;
  for (size_t v = 0; v < 2; ++v) {
    w->sum[v] = vw_set(BYTE_SHIFT * (int32_t)keys);
    for (size_t i = 0; i < CARRIES; ++i) w->carry[v][i] = first_carry();
  }
}

/// Computes the next weights from scores and adds them up per lane; does nothing at the end.
INLINE void softmax_step(softmax_state *w) {
  if (w->key >= w->keys)
    return;
  const vw ones = vw_set(FOLDED_ONES);
  UNROLLED for (size_t v = 0; v < 2; ++v) {
    const float *scores = w->scores + w->key * PANEL + v * VF_WIDTH;
    uint32_t *weights = w->weights + w->key / FOLD * PANEL + v * VF_WIDTH;
    const vf largest = vf_load(w->maximum + v * VF_WIDTH), unit = vf_load(w->unit + v * VF_WIDTH);
    UNROLLED for (size_t j = 0; j < CARRIES; ++j) {
      vf distances[FOLD];
      UNROLLED for (size_t i = 0; i < FOLD; ++i) {
        const vf score = vf_load(scores + (j * FOLD + i) * PANEL);
        distances[i] = vf_mul(vf_sub(largest, score), unit);
      }
      const vw word = fold_powers(distances, &w->carry[v][j]);
      vw_store((int32_t *)weights + j * PANEL, word);
      w->sum[v] = vw_dot(w->sum[v], word, ones);
    }
  }
  w->key += WEIGHED_KEYS;
}

/// Computes weights from scores up to `key`.
INLINE void softmax_until(softmax_state *w, size_t key) {
  while (w->key < min_size(key, w->keys)) softmax_step(w);
}

/// Computes the remaining weights; returns the sums of all weights in `total`, [PANEL].
INLINE void softmax_finish(softmax_state *w, int32_t *total) {
  while (w->key < w->keys) softmax_step(w);
  for (size_t v = 0; v < 2; ++v) vw_store(total + v * VF_WIDTH, w->sum[v]);
}

#endif
