// Int8 products for I8MM: usmmla multiplies two rows by two columns, eight deep. See
// gemm/tile_u8s8.h and gemm/tile_pairs.h for the vocabulary.

#define TARGET "i8mm"
#define KERNEL(name) name##__i8mm
#include "neon.h"

#define FOLD 8
#define TILE_ROWS_S8 8
#define OWN_DOT
typedef uint64_t activation_word;
#include "bytes.h"

/// Two columns or rows of eight elements each.
#define PAIR_TILES
INLINE vw vw_pair(const uint8_t *first, const uint8_t *second) {
  return (vw)vcombine_u8(vld1_u8(first), vld1_u8(second));
}
INLINE vw vw_broadcast(activation_word word) { return (vw)vdupq_n_u64(word); }
/// sum[row][column] for the pairs: the two sums of the first row, then those of the second.
INLINE vw vw_dot(vw sum, vw a, vw w) {
  return (vw)vusmmlaq_s32((int32x4_t)sum, (uint8x16_t)a, (int8x16_t)w);
}
