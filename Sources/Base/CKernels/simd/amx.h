// The tile registers of AMX: 16 rows of 64 bytes. A product adds 64 products of bytes to each of
// the sixteen 32-bit sums of every row. With EMULATED_TILES defined, C code computes the same.
//
//   amx_load, amx_store(register, pointer, stride)  16 rows, `stride` bytes apart
//   amx_zero(register)
//   amx_us, amx_su, amx_ss(sums, a, b)  sums += A B; U is unsigned and S signed bytes, first A's,
//                                       then B's. A is [16][64] bytes, B [16][16][4]: four depth
//                                       elements per lane.
//   amx_bf16(sums, a, b)                the same for A [16][32] and B [16][16][2] in bfloat16; sums
//                                       are float32
//   amx_begin(), amx_end()              enclose every use; tiles are undefined outside
// Registers are fixed numbers in the source: the compiler neither moves nor saves them.

#ifndef SAM2_AMX_H
#define SAM2_AMX_H

/// On this level, products come from tiles.
#define MATRIX_TILES
#define MATRIX_ROWS 16
/// Bytes in a row: the number of depth elements that one product adds up.
#define MATRIX_DEPTH 64
/// Rows in a block of sums: two tiles. A block has as many columns as a panel.
#define BLOCK_TILE_ROWS (2 * MATRIX_ROWS)

/// Operand of LDTILECFG (Intel SDM volume 1, section 18.2): eight full-size tiles.
typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} amx_shapes;

static const _Alignas(64) amx_shapes amx_full_tiles = {
    .palette = 1,
    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

#ifdef EMULATED_TILES
#include "amx_emulated.h"
#else
#define amx_load(tile, p, stride) _tile_loadd(tile, p, stride)
#define amx_store(tile, p, stride) _tile_stored(tile, p, stride)
#define amx_zero(tile) _tile_zero(tile)
#define amx_us(sums, a, b) _tile_dpbusd(sums, a, b)
#define amx_su(sums, a, b) _tile_dpbsud(sums, a, b)
#define amx_ss(sums, a, b) _tile_dpbssd(sums, a, b)
#define amx_bf16(sums, a, b) _tile_dpbf16ps(sums, a, b)
#define amx_begin() _tile_loadconfig(&amx_full_tiles)
#define amx_end() _tile_release()
#endif

/// Signedness of the bytes in a product, or pairs of bfloat16.
typedef enum { AMX_US, AMX_SU, AMX_SS, AMX_BF16 } amx_signs;

#ifdef BF16_BY_TILES
#define AMX_DOT(signs, sums, a, b) ((void)(signs), amx_bf16(sums, a, b))
#else
#define AMX_DOT(signs, sums, a, b)                                                                 \
  do {                                                                                             \
    if ((signs) == AMX_US) amx_us(sums, a, b);                                                     \
    if ((signs) == AMX_SU) amx_su(sums, a, b);                                                     \
    if ((signs) == AMX_SS) amx_ss(sums, a, b);                                                     \
  } while (0)
#endif

/// Rows of A, `stride` bytes apart, and a panel of B: [depth / 4][2 * 16][4]; each step takes 16 of
/// the depth / 4 groups.
typedef struct {
  const void *a;
  size_t stride;
  const void *b;
} amx_operands;

// A block of sums is in registers 0...3, one tile of rows after the other; A is in 4 and 5, B in 6
// and 7. Four products per four loads keep the multiplier busy as long as operands are in L1. All
// of these numbers are constants at each call.

INLINE void amx_zero_block(const int tiles, const int halves) {
  amx_zero(0);
  if (halves > 1)
    amx_zero(1);
  if (tiles > 1)
    amx_zero(2);
  if (tiles > 1 && halves > 1)
    amx_zero(3);
}

/// Adds step `step` to a block of `tiles` tiles of rows and `halves` halves of the panel.
INLINE void amx_add_step(const amx_signs signs, const int tiles, const int halves,
                         const amx_operands *x, size_t step) {
  const char *a = (const char *)x->a + step * MATRIX_DEPTH;
  const char *b = (const char *)x->b + step * 2 * MATRIX_ROWS * 64;
  amx_load(6, b, 128);
  amx_load(4, a, x->stride);
  AMX_DOT(signs, 0, 4, 6);
  if (halves > 1) {
    amx_load(7, b + 64, 128);
    AMX_DOT(signs, 1, 4, 7);
  }
  if (tiles > 1) {
    amx_load(5, a + MATRIX_ROWS * x->stride, x->stride);
    AMX_DOT(signs, 2, 5, 6);
    if (halves > 1)
      AMX_DOT(signs, 3, 5, 7);
  }
}

/// Multiplies a block of `rows` rows, one or two tiles, over `steps` steps.
INLINE void amx_multiply(const amx_signs signs, size_t rows, size_t halves, const amx_operands *x,
                         size_t steps) {
  const int tiles = rows > MATRIX_ROWS ? 2 : 1;
#define AMX_BLOCK(t, h)                                                                            \
  if (tiles == (t) && halves == (h)) {                                                             \
    amx_zero_block(t, h);                                                                          \
    for (size_t step = 0; step < steps; ++step) amx_add_step(signs, t, h, x, step);                \
  }
  AMX_BLOCK(2, 2)
  AMX_BLOCK(2, 1)
  AMX_BLOCK(1, 2)
  AMX_BLOCK(1, 1)
#undef AMX_BLOCK
}

/// Stores a block as rows of a panel's 32 sums.
INLINE void amx_store_block(int tiles, int halves, int32_t *sums) {
  amx_store(0, sums, 128);
  if (halves > 1)
    amx_store(1, sums + 16, 128);
  if (tiles > 1)
    amx_store(2, sums + 16 * 32, 128);
  if (tiles > 1 && halves > 1)
    amx_store(3, sums + 16 * 32 + 16, 128);
}

#endif
