// attention_bf16, written once for all levels: attention_f32 with operands of bfloat16.
//
// A block of queries is rounded once, a tile of values once for each block, and the weights of a
// tile of queries as soon as they are computed. Sums, maxima and totals are float32.

#ifndef SAM2_ATTENTION_BF16_H
#define SAM2_ATTENTION_BF16_H

#include "../gemm/pack_bf16.h"
#include "../gemm/tile_bf16.h"
#include "online_softmax.h"

/// As in attention_f32.
#define BF16_BLOCK_TILES (TILE_ROWS_BF16 > 16 ? 8 : 16)
#define BF16_BLOCK_ROWS (BF16_BLOCK_TILES * TILE_ROWS_BF16)
#define BF16_KEY_TILE 128

/// The parts of a workspace, each a multiple of 64 bytes.
typedef struct {
  uint16_t *query;    // [BF16_BLOCK_ROWS, packed head_depth], times the scale
  float *scores;      // [TILE_ROWS_BF16, BF16_KEY_TILE]: scores, then exp(score - maximum)
  uint16_t *weights;  // the same, rounded
  uint16_t *values;   // [padded value_depth / TILE_COLUMNS, BF16_KEY_TILE / 2, TILE_COLUMNS] pairs
  float *sums;        // [BF16_BLOCK_ROWS, padded value_depth]: weights times values so far
  float *maximum;     // [BF16_BLOCK_ROWS]
  float *total;       // [BF16_BLOCK_ROWS]: sum of the weights so far
  size_t width;       // padded value_depth
} bf16_parts;

/// Splits a workspace and returns its size in bytes.
INLINE size_t split_bf16(char *start, size_t head_depth, size_t value_depth, bf16_parts *parts) {
  const size_t width = padded(value_depth), depth = packed_depth_bf16(head_depth);
  const size_t sizes[] = {
      BF16_BLOCK_ROWS * depth * sizeof(uint16_t), TILE_ROWS_BF16 * BF16_KEY_TILE * sizeof(float),
      TILE_ROWS_BF16 * BF16_KEY_TILE * sizeof(uint16_t), BF16_KEY_TILE * width * sizeof(uint16_t),
      BF16_BLOCK_ROWS * width * sizeof(float), BF16_BLOCK_ROWS * sizeof(float),
      BF16_BLOCK_ROWS * sizeof(float)};
  size_t offsets[8] = {0};
  for (int i = 0; i < 7; ++i) offsets[i + 1] = offsets[i] + (sizes[i] + 63) / 64 * 64;
  if (parts)
    *parts = (bf16_parts){
        .query = (uint16_t *)(start + offsets[0]),
        .scores = (float *)(start + offsets[1]),
        .weights = (uint16_t *)(start + offsets[2]),
        .values = (uint16_t *)(start + offsets[3]),
        .sums = (float *)(start + offsets[4]),
        .maximum = (float *)(start + offsets[5]),
        .total = (float *)(start + offsets[6]),
        .width = width,
    };
  return offsets[7];
}

static size_t KERNEL(attention_bf16_workspace)(size_t key_count, size_t head_depth,
                                               size_t value_depth) {
  (void)key_count;
  return split_bf16(NULL, head_depth, value_depth, NULL);
}

/// One vector from a row of values; the last one in a row may be partial.
INLINE vf value_lanes(const float *row, size_t n, size_t depth) {
  if (n + VF_WIDTH <= depth)
    return vf_load(row + n);
  return n < depth ? vf_load_n(row + n, depth - n) : vf_zero();
}

/// Rounds `keys` rows of values, and pads them with rows of zeros to a whole step of a product.
static void pair_values(const sam2_attention_f32 *task, size_t key, size_t keys,
                        const bf16_parts *parts) {
  for (size_t k = 0; k < packed_depth_bf16(keys); k += 2) {
    const float *from = task->values + (key + k) * task->ldv;
    for (size_t n = 0; n < parts->width; n += VF_WIDTH) {
      const vf even = k < keys ? value_lanes(from, n, task->value_depth) : vf_zero();
      const vf odd =
          k + 1 < keys ? value_lanes(from + task->ldv, n, task->value_depth) : vf_zero();
      const vu_bits pairs = (vu_bits)pair_rows(even, odd);
      const size_t panel = n / TILE_COLUMNS * TILE_COLUMNS;
      __builtin_memcpy(parts->values + panel * BF16_KEY_TILE + k * TILE_COLUMNS + 2 * (n - panel),
                       &pairs, sizeof pairs);
    }
  }
}

/// One tile of queries against one tile of keys.
static void attend_bf16(const sam2_attention_f32 *task, const bf16_parts *parts, size_t row,
                        size_t rows, size_t key, size_t keys) {
  const size_t depth = packed_depth_bf16(task->head_depth), padded_keys = packed_depth_bf16(keys);
  const uint16_t *query = parts->query + row * depth, *packed_keys = task->packed_keys;
  for (size_t n = 0; n < keys; n += TILE_COLUMNS)
    multiply_tile_bf16(rows, query, depth, packed_keys + (key + n) * depth, depth,
                       parts->scores + n, BF16_KEY_TILE, 0);

  float *sums = parts->sums + row * parts->width;
  for (size_t r = 0; r < rows; ++r) {
    float *scores = parts->scores + r * BF16_KEY_TILE;
    const float factor =
        softmax_row(scores, keys, parts->maximum + row + r, parts->total + row + r);
    round_row(scores, keys, parts->weights + r * BF16_KEY_TILE, padded_keys);
    if (key > 0)
      scale_sums(sums + r * parts->width, parts->width, factor);
  }
  for (size_t n = 0; n < parts->width; n += TILE_COLUMNS)
    multiply_tile_bf16(rows, parts->weights, BF16_KEY_TILE, parts->values + n * BF16_KEY_TILE,
                       padded_keys, sums + n, parts->width, key > 0);
}

static void round_queries(const sam2_attention_f32 *task, size_t first, size_t rows,
                          const bf16_parts *parts) {
  const size_t count = task->head_depth, depth = packed_depth_bf16(count);
  const vf scale = vf_set(task->scale);
  for (size_t r = 0; r < rows; ++r) {
    const float *from = task->query + (first + r) * task->ldq;
    uint16_t *out = parts->query + r * depth;
    for (size_t k = 0; k < count; k += VF_WIDTH) {
      float scaled[VF_WIDTH];
      const size_t lanes = min_size(count - k, VF_WIDTH);
      vf_store(scaled, vf_mul(vf_load_n(from + k, lanes), scale));
      round_row(scaled, lanes, out + k, k + VF_WIDTH < count ? lanes : depth - k);
    }
    parts->maximum[r] = -__builtin_inff();
    parts->total[r] = 0;
  }
}

static void KERNEL(attention_bf16)(const sam2_attention_f32 *task) {
  bf16_parts parts;
  split_bf16(task->workspace, task->head_depth, task->value_depth, &parts);
  begin_tiles_bf16();
  for (size_t first = 0; first < task->queries; first += BF16_BLOCK_ROWS) {
    const size_t block = min_size(task->queries - first, BF16_BLOCK_ROWS);
    round_queries(task, first, block, &parts);
    for (size_t key = 0; key < task->key_count; key += BF16_KEY_TILE) {
      const size_t keys = min_size(task->key_count - key, BF16_KEY_TILE);
      pair_values(task, key, keys, &parts);
      for (size_t row = 0; row < block;) {
        const size_t rows = next_tile_bf16(block - row);
        attend_bf16(task, &parts, row, rows, key, keys);
        row += rows;
      }
    }
    store_output(task, first, block, parts.sums, parts.width, parts.total);
  }
  end_tiles_bf16();
}

#endif
