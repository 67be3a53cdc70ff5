// How the matrix products traverse their tiles.

#ifndef SAM2_TILES_H
#define SAM2_TILES_H

/// Columns of a tile, and of a panel: two vectors.
#define TILE_COLUMNS (2 * VF_WIDTH)

/// Rows of the next tile when `left` rows remain. Heights are as even as possible, because a lone
/// last row would be bound by the latency of one chain of sums.
INLINE size_t tile_height(size_t left, size_t maximum) {
  const size_t tiles = (left + maximum - 1) / maximum;
  return (left + tiles - 1) / tiles;
}

/// Share of a core's L2 cache for both operands of a product (target CPUs have 512 KiB or more).
#define CACHE_BYTES ((size_t)393216)

/// Number of rows that are multiplied with every panel of B before the next rows. If B fits in L2,
/// this is one tile, so that the output is written row by row, in order. Otherwise it is as many
/// rows as fit in L2 beside a panel, so that B is read as rarely as possible.
INLINE size_t block_height(size_t row_bytes, size_t packed_bytes, size_t tile) {
  if (packed_bytes <= CACHE_BYTES)
    return tile;
  const size_t tiles = CACHE_BYTES / 2 / (row_bytes * tile + 1);
  return (tiles < 2 ? 2 : tiles) * tile;
}

/// End of the block of `height` rows that starts at `first`. Blocks have at least three rows if
/// there are three: tiles of one or two rows are slow, and they add in a different order from the
/// rest, so a row's result would depend on where its block ends.
INLINE size_t block_end(size_t first, size_t height, size_t rows) {
  return rows - first < height + 3 ? rows : first + height;
}

#endif
