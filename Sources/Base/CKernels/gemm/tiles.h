// How the matrix products walk over tiles.

#ifndef SAM2_TILES_H
#define SAM2_TILES_H

/// Columns of a tile, and of a panel: two vectors.
#define TILE_COLUMNS (2 * VF_WIDTH)

/// Rows of the next tile when `left` rows remain: as even as possible, because a lone last row
/// would be latency-bound on one chain of sums.
INLINE size_t tile_height(size_t left, size_t maximum) {
  const size_t tiles = (left + maximum - 1) / maximum;
  return (left + tiles - 1) / tiles;
}

/// Share of a core's L2 cache for both operands of a product (our targets have 512 KiB or more).
#define CACHE_BYTES ((size_t)393216)

/// Rows that are multiplied with every panel of B before the next rows. When B fits in L2, one
/// tile, so that the output is written row by row, in order. Otherwise as many as fit in L2 beside
/// a panel, so that B is read as rarely as possible.
INLINE size_t block_height(size_t row_bytes, size_t packed_bytes, size_t tile) {
  if (packed_bytes <= CACHE_BYTES)
    return tile;
  const size_t tiles = CACHE_BYTES / 2 / (row_bytes * tile + 1);
  return (tiles < 2 ? 2 : tiles) * tile;
}

/// End of the block of `height` rows that starts at `first`. Blocks are at least three rows where
/// there are three: tiles of one and two rows are slow, and they add in a different order than the
/// rest, so a row's result would depend on where its block ends.
INLINE size_t block_end(size_t first, size_t height, size_t rows) {
  return rows - first < height + 3 ? rows : first + height;
}

#endif
