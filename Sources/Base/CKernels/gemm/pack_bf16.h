// Packing for products in bfloat16: panels of TILE_COLUMNS columns, [depth / 2] groups of pairs.

#ifndef SAM2_PACK_BF16_H
#define SAM2_PACK_BF16_H

#include "tiles.h"

INLINE size_t packed_depth_bf16(size_t depth) {
  return (depth + DEPTH_MULTIPLE_BF16 - 1) / DEPTH_MULTIPLE_BF16 * DEPTH_MULTIPLE_BF16;
}

/// Packs VF_WIDTH columns by 2 * VF_WIDTH of a contiguous depth: pairs are transposed as 32-bit
/// lanes.
INLINE void pack_pairs(const float *source, size_t column_stride, uint16_t *out) {
  vf m[VF_WIDTH];
  UNROLLED for (int i = 0; i < VF_WIDTH; ++i) {
    uint16_t pairs[2 * VF_WIDTH];
    vu_store(pairs, vu_round(vf_load(source + i * column_stride)));
    vu_store(pairs + VF_WIDTH, vu_round(vf_load(source + i * column_stride + VF_WIDTH)));
    __builtin_memcpy(&m[i], pairs, sizeof pairs);
  }
  vf_transpose(m);
  UNROLLED for (int i = 0; i < VF_WIDTH; ++i)
    __builtin_memcpy(out + i * 2 * TILE_COLUMNS, &m[i], sizeof m[i]);
}

/// Packs `count` <= TILE_COLUMNS columns, from depth `first` on, one pair at a time.
static void pack_pairs_rest(const float *source, size_t column_stride, size_t depth_stride,
                            size_t count, size_t first, size_t depth, uint16_t *out) {
  for (size_t k = first; k < packed_depth_bf16(depth); k += 2)
    for (size_t n = 0; n < TILE_COLUMNS; ++n) {
      float pair[VF_WIDTH < 4 ? 4 : VF_WIDTH] = {0};
      if (n < count && k < depth)
        pair[0] = source[n * column_stride + k * depth_stride];
      if (n < count && k + 1 < depth)
        pair[1] = source[n * column_stride + (k + 1) * depth_stride];
      uint16_t rounded[VF_WIDTH];
      vu_store(rounded, vu_round(vf_load(pair)));
      __builtin_memcpy(out + k * TILE_COLUMNS + 2 * n, rounded, 2 * sizeof *out);
    }
}

static void KERNEL(pack_bf16)(const float *source, size_t column_stride, size_t depth_stride,
                              size_t columns, size_t depth, size_t first_panel, size_t last_panel,
                              uint16_t *packed) {
  for (size_t panel = first_panel; panel < last_panel; ++panel) {
    const size_t first = panel * TILE_COLUMNS;
    const size_t count = first < columns ? min_size(columns - first, TILE_COLUMNS) : 0;
    const float *from = source + first * column_stride;
    uint16_t *out = packed + panel * TILE_COLUMNS * packed_depth_bf16(depth);
    size_t k = 0;
    if (count == TILE_COLUMNS && depth_stride == 1)
      for (; k + 2 * VF_WIDTH <= depth; k += 2 * VF_WIDTH) {
        pack_pairs(from + k, column_stride, out + k * TILE_COLUMNS);
        pack_pairs(from + k + VF_WIDTH * column_stride, column_stride,
                   out + k * TILE_COLUMNS + 2 * VF_WIDTH);
      }
    pack_pairs_rest(from, column_stride, depth_stride, count, k, depth, out);
  }
}

#endif
