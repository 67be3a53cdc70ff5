// What follows the sums of a matrix product: bias, activation, residual, store. One tile of
// TILE_COLUMNS = 2 vectors at a time.

/// Where a tile goes. Pointers are those of its first element; `bias` and `residual` may be NULL.
typedef struct {
  float *c;
  size_t ldc;
  const float *bias;
  const float *residual;
  size_t ldr;
  size_t columns;  // at most TILE_COLUMNS
  sam2_activation activation;
} tile_output;

/// Lanes of the two vectors of a row that hold `columns` columns.
INLINE size_t lanes_of(size_t columns, int half) {
  const size_t before = half ? VF_WIDTH : 0;
  return columns < before ? 0 : smaller_size(columns - before, VF_WIDTH);
}

INLINE vf load_part(const float *p, size_t lanes, const int whole) {
  return whole ? vf_load(p) : lanes ? vf_load_n(p, lanes) : vf_zero();
}

/// `activation` and `whole` are constants at each call, so the loop has no branches on them.
INLINE void finish_rows(const float *tile, size_t rows, const tile_output *out,
                        const sam2_activation activation, const int whole) {
  vf bias[2];
  UNROLLED for (int h = 0; h < 2; ++h)
    bias[h] = out->bias
                  ? load_part(out->bias + h * VF_WIDTH, lanes_of(out->columns, h), whole)
                  : vf_zero();
  for (size_t r = 0; r < rows; ++r) {
    float *c = out->c + r * out->ldc;
    UNROLLED for (int h = 0; h < 2; ++h) {
      const size_t lanes = lanes_of(out->columns, h);
      vf v = vf_add(vf_load(tile + r * TILE_COLUMNS + h * VF_WIDTH), bias[h]);
      v = vf_activate(v, activation);
      if (out->residual)
        v = vf_add(v, load_part(out->residual + r * out->ldr + h * VF_WIDTH, lanes, whole));
      if (whole)
        vf_store(c + h * VF_WIDTH, v);
      else if (lanes)
        vf_store_n(c + h * VF_WIDTH, v, lanes);
    }
  }
}

static void finish_tile(const float *tile, size_t rows, const tile_output *out) {
  const int whole = out->columns == TILE_COLUMNS;
  switch (out->activation) {
  case SAM2_ACT_NONE:
    if (whole)
      finish_rows(tile, rows, out, SAM2_ACT_NONE, 1);
    else
      finish_rows(tile, rows, out, SAM2_ACT_NONE, 0);
    break;
  case SAM2_ACT_RELU:
    finish_rows(tile, rows, out, SAM2_ACT_RELU, 0);
    break;
  case SAM2_ACT_GELU:
    if (whole)
      finish_rows(tile, rows, out, SAM2_ACT_GELU, 1);
    else
      finish_rows(tile, rows, out, SAM2_ACT_GELU, 0);
    break;
  case SAM2_ACT_SIGMOID:
    finish_rows(tile, rows, out, SAM2_ACT_SIGMOID, 0);
    break;
  }
}

/// Asks for the output lines of a tile before its sums are computed: they arrive meanwhile.
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
