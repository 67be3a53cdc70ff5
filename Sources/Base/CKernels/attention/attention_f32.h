// attention_f32, written once for all levels.
//
// Flash-style (Dao et al. 2022): a block of queries meets the keys tile by tile, with a running
// maximum and sum per query (online softmax, Milakov & Gimelshein 2018). A key tile and its values
// stay in L2 while every query tile of the block uses them.

#ifndef SAM2_ATTENTION_F32_H
#define SAM2_ATTENTION_F32_H

#include "../gemm/tile_f32.h"
#include "online_softmax.h"

/// Query tiles that share one visit to a tile of keys, and keys in such a tile (a multiple of
/// TILE_COLUMNS on every level). Measured: at a head depth of 256, a tile and its values take
/// 256 KiB and a block's queries and sums up to 448 KiB, and all of them stay in a 1 MiB L2.
#define BLOCK_TILES 16
#define BLOCK_ROWS (BLOCK_TILES * TILE_ROWS_F32)
#define KEY_TILE 128

/// The parts of a workspace, in floats; each a multiple of 16, so that all are 64-byte aligned.
typedef struct {
  float *query;      // [BLOCK_ROWS, head_depth], times the scale
  float *weights;    // [TILE_ROWS_F32, KEY_TILE]: scores, then exp(score - maximum)
  float *sums;       // [BLOCK_ROWS, padded value_depth]: weights times values so far
  float *values;     // [padded value_depth / TILE_COLUMNS, KEY_TILE, TILE_COLUMNS]: copies
  float *maximum;    // [BLOCK_ROWS]
  float *total;      // [BLOCK_ROWS]: sum of the weights so far
  size_t width;      // padded value_depth
} attention_parts;

INLINE size_t attention_split(float *start, size_t head_depth, size_t value_depth,
                              attention_parts *parts) {
  const size_t width = padded(value_depth);
  const size_t sizes[] = {BLOCK_ROWS * head_depth, TILE_ROWS_F32 * KEY_TILE, BLOCK_ROWS * width,
                          KEY_TILE * width,        BLOCK_ROWS,           BLOCK_ROWS};
  size_t offsets[7] = {0};
  for (int i = 0; i < 6; ++i)
    offsets[i + 1] = offsets[i] + (sizes[i] + 15) / 16 * 16;
  if (parts)
    *parts = (attention_parts){start + offsets[0], start + offsets[1], start + offsets[2],
                               start + offsets[3], start + offsets[4], start + offsets[5],
                               width};
  return offsets[6];
}

static size_t KERNEL(attention_f32_workspace)(size_t key_count, size_t head_depth,
                                              size_t value_depth) {
  (void)key_count;
  return attention_split(NULL, head_depth, value_depth, NULL) * sizeof(float);
}

/// The column of the values from which a block works on copies. The last, partial columns are
/// always copied (padded with zeros), and all of them when the block has enough queries to pay for
/// it. Copies are contiguous, whereas columns in place are a cache line or two out of every row.
INLINE size_t first_copied(size_t value_depth, size_t block) {
  return block > 2 * TILE_ROWS_F32 ? 0 : value_depth / TILE_COLUMNS * TILE_COLUMNS;
}

static void copy_values(const sam2_attention_f32 *task, size_t key, size_t keys, size_t first,
                        const attention_parts *parts) {
  for (size_t k = 0; k < keys; ++k) {
    const float *from = task->values + (key + k) * task->ldv;
    for (size_t n = first; n < task->value_depth; n += TILE_COLUMNS) {
      float *out = parts->values + n * KEY_TILE + k * TILE_COLUMNS;
      const size_t count = min_size(task->value_depth - n, TILE_COLUMNS);
      if (count == TILE_COLUMNS) {
        vf_store(out, vf_load(from + n));
        vf_store(out + VF_WIDTH, vf_load(from + n + VF_WIDTH));
      } else {
        __builtin_memset(out, 0, TILE_COLUMNS * sizeof(float));
        __builtin_memcpy(out, from + n, count * sizeof(float));
      }
    }
  }
}

/// One tile of queries against one tile of keys.
static void attend(const sam2_attention_f32 *task, const attention_parts *parts, size_t row,
                   size_t rows, size_t key, size_t keys, size_t copied) {
  const size_t depth = task->head_depth;
  const tile_f32 multiply = tiles_f32[rows - 1];
  const float *query = parts->query + row * depth, *packed_keys = task->packed_keys;
  for (size_t n = 0; n < keys; n += TILE_COLUMNS)
    multiply(query, depth, packed_keys + (key + n) * depth, TILE_COLUMNS, depth,
             parts->weights + n, KEY_TILE, 0);

  float *sums = parts->sums + row * parts->width;
  for (size_t r = 0; r < rows; ++r) {
    const float factor = softmax_row(parts->weights + r * KEY_TILE, keys,
                                    parts->maximum + row + r, parts->total + row + r);
    if (key > 0)
      scale_sums(sums + r * parts->width, parts->width, factor);
  }
  for (size_t n = 0; n < parts->width; n += TILE_COLUMNS) {
    const int in_place = n < copied;
    multiply(parts->weights, KEY_TILE,
             in_place ? task->values + key * task->ldv + n : parts->values + n * KEY_TILE,
             in_place ? task->ldv : TILE_COLUMNS, keys, sums + n, parts->width, key > 0);
  }
}

static void load_queries(const sam2_attention_f32 *task, size_t first, size_t rows,
                         const attention_parts *parts) {
  const size_t depth = task->head_depth;
  for (size_t r = 0; r < rows; ++r) {
    const float *from = task->query + (first + r) * task->ldq;
    for (size_t k = 0; k < depth; ++k)
      parts->query[r * depth + k] = from[k] * task->scale;
    parts->maximum[r] = -__builtin_inff();
    parts->total[r] = 0;
  }
}

static void KERNEL(attention_f32)(const sam2_attention_f32 *task) {
  attention_parts parts;
  attention_split(task->workspace, task->head_depth, task->value_depth, &parts);
  for (size_t first = 0; first < task->queries; first += BLOCK_ROWS) {
    const size_t block = min_size(task->queries - first, BLOCK_ROWS);
    const size_t copied = first_copied(task->value_depth, block);
    load_queries(task, first, block, &parts);
    for (size_t key = 0; key < task->key_count; key += KEY_TILE) {
      const size_t keys = min_size(task->key_count - key, KEY_TILE);
      copy_values(task, key, keys, copied, &parts);
      for (size_t row = 0; row < block;) {
        const size_t rows = tile_height(block - row, TILE_ROWS_F32);
        attend(task, &parts, row, rows, key, keys, copied);
        row += rows;
      }
    }
    store_output(task, first, block, parts.sums, parts.width, parts.total);
  }
}

#endif
