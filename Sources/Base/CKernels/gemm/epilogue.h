// The end of a matrix product, after its sums: bias, activation, residual, store. One tile of
// TILE_COLUMNS = 2 vectors at a time.

#ifndef SAM2_EPILOGUE_H
#define SAM2_EPILOGUE_H

#include "../simd/math.h"
#include "tiles.h"

/// Destination of a tile. Pointers are to its first element; `bias` and `residual` may be NULL.
typedef struct {
  float *c;
  size_t ldc;
  const float *bias;
  const float *residual;
  size_t ldr;
  size_t columns;  // at most TILE_COLUMNS
  sam2_activation activation;
} tile_output;

/// Lanes that hold columns in one of the two vectors of a row of `columns` columns.
INLINE size_t lanes_of(size_t columns, int half) {
  const size_t before = half ? VF_WIDTH : 0;
  return columns < before ? 0 : min_size(columns - before, VF_WIDTH);
}

INLINE vf load_part(const float *p, size_t lanes, const int whole) {
  return whole ? vf_load(p) : lanes ? vf_load_n(p, lanes) : vf_zero();
}

/// The two bias vectors of a tile.
INLINE void load_bias(const tile_output *out, const int whole, vf bias[2]) {
  UNROLLED for (int h = 0; h < 2; ++h)
    bias[h] = out->bias
                  ? load_part(out->bias + h * VF_WIDTH, lanes_of(out->columns, h), whole)
                  : vf_zero();
}

/// Activates and stores `count` rows from row r on, two vectors each, whose bias is already added.
/// There are at most FINISHED_ROWS rows, processed together because an activation's polynomial is a
/// long chain of operations. `count`, `activation` and `whole` are constants at each call, so the
/// loops do not branch on them.
INLINE void finish_vectors(vf *v, const int count, size_t r, const tile_output *out,
                           const sam2_activation activation, const int whole) {
  vf_activate(v, 2 * count, activation);
  UNROLLED for (int i = 0; i < 2 * count; ++i) {
    const size_t row = r + (size_t)(i / 2);
    const int h = i % 2;
    const size_t lanes = lanes_of(out->columns, h);
    if (out->residual)
      v[i] = vf_add(v[i], load_part(out->residual + row * out->ldr + h * VF_WIDTH, lanes, whole));
    float *c = out->c + row * out->ldc + h * VF_WIDTH;
    if (whole)
      vf_store(c, v[i]);
    else if (lanes)
      vf_store_n(c, v[i], lanes);
  }
}

/// Prefetches the output lines of a tile before its sums are computed; they arrive meanwhile.
INLINE void prefetch_output(const tile_output *out, size_t rows) {
  for (size_t r = 0; r < rows; ++r) {
    const float *c = out->c + r * out->ldc;
    __builtin_prefetch(c, 1);
    __builtin_prefetch(c + out->columns - 1, 1);
    if (out->residual && out->residual != out->c) {
      __builtin_prefetch(out->residual + r * out->ldr);
      __builtin_prefetch(out->residual + r * out->ldr + out->columns - 1);
    }
  }
}

#endif
