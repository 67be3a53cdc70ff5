// The tile of gemm_u8s8 where one multiply takes two rows and two columns: `vw_dot` of a pair of
// rows and a pair of columns gives four sums. Packed weights are the same as elsewhere, since FOLD
// elements of two neighbouring columns form such a pair.

#ifndef SAM2_TILE_PAIRS_H
#define SAM2_TILE_PAIRS_H

INLINE void tile_i32_rows(const int rows, const char *a, size_t stride, const int8_t *w,
                          size_t steps, int32_t *sums) {
  vw sum[(TILE_ROWS_S8 + 1) / 2][VF_WIDTH];
  UNROLLED for (int p = 0; p < (rows + 1) / 2; ++p) {
    UNROLLED for (int c = 0; c < VF_WIDTH; ++c) sum[p][c] = vw_set(0);
  }
  for (size_t step = 0; step < steps; ++step) {
    vw columns[VF_WIDTH];
    UNROLLED for (int c = 0; c < VF_WIDTH; ++c) columns[c] = vw_weights(w + c * 2 * FOLD);
    UNROLLED for (int p = 0; p < (rows + 1) / 2; ++p) {
      const uint8_t *row = (const uint8_t *)a + 2 * p * stride;
      // A last row without a partner is paired with itself.
      const vw x = vw_pair(row, 2 * p + 1 < rows ? row + stride : row);
      UNROLLED for (int c = 0; c < VF_WIDTH; ++c) sum[p][c] = vw_dot(sum[p][c], x, columns[c]);
    }
    a += FOLD;
    w += TILE_COLUMNS * FOLD;
  }
  UNROLLED for (int r = 0; r < rows; ++r) {
    UNROLLED for (int c = 0; c < VF_WIDTH; ++c) {
      sums[r * TILE_COLUMNS + 2 * c] = sum[r / 2][c][r % 2 * 2];
      sums[r * TILE_COLUMNS + 2 * c + 1] = sum[r / 2][c][r % 2 * 2 + 1];
    }
  }
}

#endif
