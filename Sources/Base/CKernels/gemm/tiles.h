// How the matrix products walk over tiles.

#ifndef SAM2_TILES_H
#define SAM2_TILES_H

/// Columns of a tile, and of a panel: two vectors.
#define TILE_COLUMNS (2 * VF_WIDTH)

/// Rows of the next tile when `left` rows remain: as even as possible, because a lone last row
/// would leave the multiply units waiting for each other.
INLINE size_t tile_height(size_t left, size_t most) {
  const size_t tiles = (left + most - 1) / most;
  return (left + tiles - 1) / tiles;
}

/// What both operands of a product may take of a core's L2 (512 KiB or more on what we target).
#define CACHE_BYTES ((size_t)393216)

/// Rows that meet every panel of B before the next rows do. When B fits in L2, one tile: the output
/// is then written row by row, in order. Otherwise as many as fit in L2 beside a panel, so that B
/// passes through as rarely as possible.
INLINE size_t block_height(size_t row_bytes, size_t packed_bytes, size_t tile) {
  if (packed_bytes <= CACHE_BYTES)
    return tile;
  const size_t tiles = CACHE_BYTES / 2 / (row_bytes * tile + 1);
  return (tiles < 2 ? 2 : tiles) * tile;
}

/// End of the block of `height` rows that starts at `first`. Blocks are at least three rows where
/// there are so many: tiles of one and two rows are slow, and they add in another order than the
/// rest, so a row's result would depend on where its block ends.
INLINE size_t block_end(size_t first, size_t height, size_t rows) {
  return rows - first < height + 3 ? rows : first + height;
}

#endif
