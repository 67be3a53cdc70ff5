// How int8 attention rounds keys and values into its operands.

#ifndef SAM2_ATTENTION_S8_PREPARE_H
#define SAM2_ATTENTION_S8_PREPARE_H

#include "../quantize/scales.h"
#include "attention_s8_layout.h"

// MARK: - Integers

INLINE float scale_for(float largest) {
  const float scale = largest / 127.0f;
  return scale >= MIN_SCALE && scale <= MAX_SCALE ? scale : 1.0f;
}

/// The same, lane by lane.
INLINE vf scales_for(vf largest) {
  vf scale = vf_div(largest, vf_set(127.0f));
  scale = vf_select_less(scale, vf_set(MIN_SCALE), vf_set(1.0f), scale);
  return vf_select_less(vf_set(MAX_SCALE), scale, vf_set(1.0f), scale);
}

/// v * inverse clamped to -127...127, not yet rounded; a NaN becomes -127.
INLINE vf to_range(vf v, vf inverse) {
  return vf_min(vf_max(vf_mul(v, inverse), vf_set(-127.0f)), vf_set(127.0f));
}

#ifndef OWN_FOLD_QUAD
/// Stores four rows of VF_WIDTH numbers as a piece of a quad.
INLINE void fold_quad(uint32_t *out, const vf rows[QUAD]) {
  uint32_t words[QUAD][VF_WIDTH / FOLD];
  UNROLLED for (size_t r = 0; r < QUAD; ++r) fold_store(words[r], rows[r]);
  UNROLLED for (size_t i = 0; i < VF_WIDTH / FOLD; ++i) {
    UNROLLED for (size_t r = 0; r < QUAD; ++r) out[i * QUAD + r] = words[r][i];
  }
}
#endif

/// The negated contribution of the unsigned side's offset to the products of each row of a quad.
INLINE void offset_quad(const uint32_t *quad, size_t steps, int32_t *offset) {
  vw sum = vw_set(0);
  if (UNSIGNED_OFFSET)
    for (size_t i = 0; i < steps * QUAD; i += VF_WIDTH)
      sum = vw_dot(sum, vw_broadcast(FOLDED_ONES), vw_load((const int32_t *)quad + i));
  int32_t lanes[VF_WIDTH];
  vw_store(lanes, sum);
  for (size_t r = 0; r < QUAD; ++r) {
    int32_t total = 0;
    UNROLLED for (size_t i = 0; i < VF_WIDTH; i += QUAD) total += lanes[i + r];
    offset[r] = -UNSIGNED_OFFSET * total;
  }
}

/// VF_WIDTH elements of a row, with zeros from `depth` on.
INLINE vf load_padded(const float *row, size_t k, size_t depth) {
  if (WHOLE_DEPTH > VF_WIDTH && k >= depth)
    return vf_zero();
  return k + VF_WIDTH <= depth ? vf_load(row + k) : vf_load_n(row + k, depth - k);
}

/// max(|v|, largest), ignoring a NaN in `v`.
INLINE vf max_magnitude(vf v, vf largest) { return vf_max(vf_abs(v), largest); }

// MARK: - Keys and values

/// Prepares a quad of keys: `rows` keys, then padding.
static void prepare_quad(const sam2_attention_s8 *task, const attention_sizes *s, size_t first,
                         size_t rows, const attention_prepared *parts) {
  const float *row[QUAD];
  vf largest[QUAD], inverse[QUAD];
  UNROLLED for (size_t r = 0; r < QUAD; ++r) {
    row[r] = task->keys + (first + min_size(r, rows - 1)) * task->ldk;
    largest[r] = vf_zero();
  }
  for (size_t k = 0; k < s->depth; k += VF_WIDTH)
    UNROLLED for (size_t r = 0; r < QUAD; ++r) {
      largest[r] = max_magnitude(load_padded(row[r], k, task->head_depth), largest[r]);
    }
  UNROLLED for (size_t r = 0; r < QUAD; ++r) {
    const float scale = scale_for(vf_largest(largest[r]));
    inverse[r] = vf_set(1.0f / scale);
    // With a NaN, a score is never the largest and has weight zero, so padding does not matter.
    parts->key_scale[first + r] = r < rows ? scale : __builtin_nanf("");
  }
  uint32_t *out = parts->keys + first * s->steps;
  for (size_t k = 0; k < s->depth; k += VF_WIDTH) {
    vf scaled[QUAD];
    UNROLLED for (size_t r = 0; r < QUAD; ++r) {
      scaled[r] = to_range(load_padded(row[r], k, task->head_depth), inverse[r]);
    }
#ifdef MATRIX_TILES
    UNROLLED for (size_t r = 0; r < QUAD; ++r) fold_store(out + r * s->steps + k / FOLD, scaled[r]);
#else
    fold_quad(out + k / FOLD * QUAD, scaled);
#endif
  }
  offset_quad(out, s->steps, parts->key_offset + first);
}

/// Pads `count` keys, which start at `first`, from their last quad up to whole rows.
INLINE void pad_keys(const attention_sizes *s, size_t first, size_t count,
                     const attention_prepared *parts) {
  for (size_t key = first + whole(count, QUAD); key < first + whole(count, WHOLE_ROWS); ++key) {
    __builtin_memset(parts->keys + key * s->steps, 0, s->steps * sizeof(uint32_t));
    parts->key_scale[key] = __builtin_nanf("");
    parts->key_offset[key] = 0;
  }
}

/// Some channels of the values of a tile: `lanes` numbers in each of `keys` rows.
typedef struct {
  const float *start;
  size_t stride, keys, lanes;
} value_block;

/// The FOLD keys of step `step` as a word for each channel.
INLINE vw fold_values(const value_block *source, size_t step, vf inverse) {
  vf rows[FOLD];
  UNROLLED for (size_t i = 0; i < FOLD; ++i) {
    const size_t k = step * FOLD + i;
    rows[i] = k < source->keys
                  ? to_range(load_padded(source->start + k * source->stride, 0, source->lanes),
                             inverse)
                  : vf_zero();
  }
  return fold_rows(rows);
}

#ifdef MATRIX_TILES
/// Folds VF_WIDTH channels into words, one row for each channel.
INLINE void fold_channels(const value_block *source, vf inverse, const attention_sizes *s,
                          uint32_t *out) {
  _Static_assert(VF_WIDTH * FOLD == WHOLE_KEYS && VF_WIDTH == WHOLE_ROWS, "a tile");
  for (size_t step = 0; step * FOLD < source->keys; step += VF_WIDTH) {
    vf words[VF_WIDTH];
    for (size_t i = 0; i < VF_WIDTH; ++i)
      vw_store((int32_t *)&words[i], fold_values(source, step + i, inverse));
    vf_transpose(words);
    for (size_t c = 0; c < VF_WIDTH; ++c)
      vf_store((float *)(out + c * s->tile_steps + step), words[c]);
  }
}
#else
/// Folds up to VF_WIDTH channels into words, in quads.
/// - Returns: the sum of each channel's integers, where it matters.
INLINE vw fold_channels(const value_block *source, vf inverse, const attention_sizes *s,
                        size_t quads, uint32_t *out) {
  const value_block block = *source;  // the stores below cannot change a copy
  vw sum = vw_set(0);
  for (size_t step = 0; step * FOLD < whole(block.keys, QUAD); ++step) {
    uint32_t words[VF_WIDTH];
    const vw word = fold_values(&block, step, inverse);
    if (BYTE_SHIFT)
      sum = vw_dot(sum, vw_set(FOLDED_ONES), word);
    vw_store((int32_t *)words, word);
    for (size_t quad = 0; quad < quads; ++quad)
      __builtin_memcpy(out + (quad * s->tile_steps + step) * QUAD, words + quad * QUAD,
                       QUAD * sizeof(uint32_t));
  }
  return sum;
}
#endif

/// Prepares one vector of channels of a tile of values: one scale per channel, FOLD keys per word.
static void prepare_channels(const value_block *source, const attention_sizes *s, size_t tile,
                             size_t channel, const attention_prepared *parts) {
  const size_t keys = source->keys, lanes = source->lanes;
  vf largest = vf_zero();
  for (size_t k = 0; k < keys; ++k)
    largest = max_magnitude(load_padded(source->start + k * source->stride, 0, lanes), largest);
  const vf scale = scales_for(largest);
  const vf inverse = vf_div(vf_set(1.0f), scale);

  const size_t quads = min_size(VF_WIDTH, s->channels - channel) / QUAD;
  vf_store_n(parts->value_scale + tile * s->channels + channel, scale, quads * QUAD);
  uint32_t *out = parts->values + (tile * s->channels + channel) * s->tile_steps;
#ifdef MATRIX_TILES
  fold_channels(source, inverse, s, out);
#else
  const vw sum = fold_channels(source, inverse, s, quads, out);
#if BYTE_SHIFT
  int32_t offsets[VF_WIDTH];
  vw_store(offsets, vw_correct(vw_set(0), vw_set(-BYTE_SHIFT), sum));
  __builtin_memcpy(parts->value_offset + tile * s->channels + channel, offsets,
                   quads * QUAD * sizeof(int32_t));
#else
  (void)sum;
#endif
#endif
}

static void KERNEL(attention_s8_prepare)(const sam2_attention_s8 *task, size_t first_tile,
                                         size_t last_tile) {
  const attention_sizes s = sizes_of(task);
  attention_prepared parts;
  split_prepared(&s, task->prepared, &parts);
  for (size_t tile = first_tile; tile < last_tile; ++tile) {
    const size_t first = tile * SAM2_KEY_TILE;
    const size_t last = min_size(task->key_count, first + SAM2_KEY_TILE);
    for (size_t key = first; key < last; key += QUAD)
      prepare_quad(task, &s, key, min_size(QUAD, last - key), &parts);
    pad_keys(&s, first, last - first, &parts);
    for (size_t channel = 0; channel < task->value_depth; channel += VF_WIDTH) {
      const value_block source = {task->values + first * task->ldv + channel, task->ldv,
                                  last - first,
                                  min_size(VF_WIDTH, task->value_depth - channel)};
      prepare_channels(&source, &s, tile, channel, &parts);
    }
  }
}

#endif
