// Int8 products for NEON, which takes only signed bytes, so activations are shifted to that range.
// See gemm/tile_u8s8.h for the vocabulary.

#include "neon.h"

#define BYTE_SHIFT 128
#define TILE_ROWS_S8 8
#define OWN_DOT
#include "bytes.h"

INLINE vw vw_broadcast(activation_word word) { return vw_set((int32_t)(word ^ 0x80808080)); }

/// Sums of two products fit in 16 bits: 2 * 128 * 127 = 32512.
INLINE vw vw_dot(vw sum, vw a, vw w) {
  const int8x16_t x = (int8x16_t)a, y = (int8x16_t)w;
  const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(y));
  return (vw)vpadalq_s16((int32x4_t)sum, vpaddq_s16(low, vmull_high_s8(x, y)));
}
