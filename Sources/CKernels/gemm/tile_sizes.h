// The sizes of a GEMM tile, float and int8: what sums, two vectors of B and one of A leave of the
// registers.

#if VF_WIDTH == 16
#define TILE_ROWS 14  // 28 + 2 + 1 of 32
#define EACH_TILE_HEIGHT(f)                                                                        \
  f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14)
#elif VF_WIDTH == 8
#define TILE_ROWS 6  // 12 + 2 + 1 of 16
#define EACH_TILE_HEIGHT(f) f(1) f(2) f(3) f(4) f(5) f(6)
#else
#define TILE_ROWS 4
#define EACH_TILE_HEIGHT(f) f(1) f(2) f(3) f(4)
#endif
#define TILE_COLUMNS (2 * VF_WIDTH)
