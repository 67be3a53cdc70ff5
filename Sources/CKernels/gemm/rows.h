// How the matrix products walk over rows.

/// Rows of the next tile when `left` rows remain: as even as possible, because a lone last row
/// would leave the multiply units waiting for each other.
INLINE size_t tile_height(size_t left, size_t most) {
  const size_t tiles = (left + most - 1) / most;
  return (left + tiles - 1) / tiles;
}

/// Rows of A, `row_bytes` each, that stay in half of a 512 KiB cache while the panels of B pass.
INLINE size_t block_height(size_t row_bytes, size_t tile) {
  const size_t tiles = (size_t)262144 / (row_bytes * tile + 1);
  return (tiles < 2 ? 2 : tiles) * tile;
}
