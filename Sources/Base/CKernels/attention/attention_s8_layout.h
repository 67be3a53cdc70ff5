// How int8 attention lays out its operands.
//
// A level provides in simd/fold_*.h, besides the vocabulary of gemm/tile_u8s8.h:
//   SCORE_ROWS, VALUE_ROWS, RUN_ROWS  rows, of two vectors each, in a tile of scores, of values or
//                       projections, and of scores of tokens; the first two are whole quads
//   UNSIGNED_OFFSET     converts a signed integer to the unsigned side of `vw_dot` when added
//   vw_flip(words)      adds UNSIGNED_OFFSET to every integer of signed words
//   FOLDED_ONES         a word of FOLD ones
//   fold_store(out, v)  rounds VF_WIDTH floats along the depth and stores VF_WIDTH / FOLD words
//   vw_bits(v)          the bits of floats as words
//   fold_rows(rows)     FOLD rows of floats, rounded, as one word per lane
//   FOLDED_ROW(i)       position from which a row becomes integer i of that word
//   fold_powers(rows, carry)  FOLD rows of distances in exponent units, rounded, as one word of
//                       weights per lane
//   first_carry()       the initial `carry`; even and odd rows have a carry each
//   unfold_power(w, i)  weight i of such a word
// BYTE_SHIFT          amount subtracted from weights where `vw_dot` takes signed bytes only Words
// are 32 bits and hold FOLD integers. The signed side of a product is stored in quads, [rows /
// 4][steps][4] words, from which words are broadcast; the unsigned side is stored in panels,
// [steps][PANEL] words.
//
// Where products come from tile registers (simd/amx.h), the signed side is A: [rows][steps] words,
// in whole tiles of rows and steps, padded with zeros. Panels are B; they may begin and end within
// a tile, because elements beyond their end meet zeros.

#ifndef SAM2_ATTENTION_S8_LAYOUT_H
#define SAM2_ATTENTION_S8_LAYOUT_H

#ifndef BYTE_SHIFT
#define BYTE_SHIFT 0
#endif

#define QUAD 4
#define PANEL (2 * VF_WIDTH)
/// Queries that share one visit to a tile of keys: a multiple of every PANEL.
#define BLOCK_QUERIES 256

#ifdef MATRIX_TILES
/// Whole tiles: rows of the signed side, elements of a row along the depth and along the keys.
#define WHOLE_ROWS MATRIX_ROWS
#define WHOLE_DEPTH MATRIX_DEPTH
#define WHOLE_KEYS MATRIX_DEPTH
#define begin_products() amx_begin()
#define end_products() amx_end()
#else
#define WHOLE_ROWS QUAD
#define WHOLE_DEPTH VF_WIDTH
#define WHOLE_KEYS QUAD
#define begin_products()
#define end_products()
#endif

INLINE size_t whole(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }

/// Sizes of a problem, in the units of the level.
typedef struct {
  size_t depth;        // of the heads, padded
  size_t steps;        // words of a key
  size_t keys;         // in whole rows
  size_t tile_keys;    // of a full tile, in whole rows
  size_t tile_steps;   // words of a tile for one channel of values
  size_t tiles;
  size_t channels;     // of the values, in whole rows
} attention_sizes;

INLINE attention_sizes sizes_of(const sam2_attention_s8 *task) {
  attention_sizes s;
  s.depth = whole(task->head_depth, WHOLE_DEPTH);
  s.steps = s.depth / FOLD;
  s.keys = whole(task->key_count, WHOLE_ROWS);
  s.tile_keys = min_size(s.keys, SAM2_KEY_TILE);
  s.tile_steps = whole(s.tile_keys, WHOLE_KEYS) / FOLD;
  s.tiles = (task->key_count + SAM2_KEY_TILE - 1) / SAM2_KEY_TILE;
  s.channels = whole(task->value_depth, WHOLE_ROWS);
  return s;
}

/// Places `count` parts of `sizes` bytes one after another, 64-byte aligned; returns their end.
INLINE size_t place_parts(const size_t *sizes, size_t count, size_t *offsets) {
  size_t end = 0;
  for (size_t i = 0; i < count; ++i) {
    offsets[i] = end;
    end += whole(sizes[i], 64);
  }
  return end;
}

/// Keys and values ready for the products.
typedef struct {
  uint32_t *keys;        // quads of keys
  float *key_scale;      // [keys]; NaN for the padding
  int32_t *key_offset;   // [keys]: -UNSIGNED_OFFSET * the sum of the key's integers
  uint32_t *values;      // [tiles] of quads of channels, tile_steps words each
  float *value_scale;    // [tiles, channels]
#if BYTE_SHIFT
  int32_t *value_offset; // [tiles, channels]: BYTE_SHIFT * the sum of a channel's integers
#endif
} attention_prepared;

INLINE size_t split_prepared(const attention_sizes *s, void *start, attention_prepared *parts) {
  const size_t channels = s->tiles * s->channels;
  const size_t sizes[] = {s->keys * s->steps * 4, s->keys * 4,  s->keys * 4,
                          channels * s->tile_steps * 4, channels * 4,
#if BYTE_SHIFT
                          channels * 4,
#endif
  };
  enum { PARTS = sizeof sizes / sizeof sizes[0] };
  size_t offsets[PARTS];
  const size_t bytes = place_parts(sizes, PARTS, offsets);
  if (parts) {
    char *base = start;
    parts->keys = (uint32_t *)(base + offsets[0]);
    parts->key_scale = (float *)(base + offsets[1]);
    parts->key_offset = (int32_t *)(base + offsets[2]);
    parts->values = (uint32_t *)(base + offsets[3]);
    parts->value_scale = (float *)(base + offsets[4]);
#if BYTE_SHIFT
    parts->value_offset = (int32_t *)(base + offsets[5]);
#endif
  }
  return bytes;
}

static size_t KERNEL(attention_s8_prepared_bytes)(const sam2_attention_s8 *task) {
  const attention_sizes sizes = sizes_of(task);
  return split_prepared(&sizes, NULL, NULL);
}

#endif
