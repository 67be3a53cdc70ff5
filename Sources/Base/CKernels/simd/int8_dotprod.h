// Int8 products for the dot-product extension: sdot, which takes only signed bytes, as does NEON
// without it. See gemm/tile_u8s8.h for the vocabulary.

#define TARGET "dotprod"
#define KERNEL(name) name##__dotprod
#include "neon.h"

#define BYTE_SHIFT 128
#define TILE_ROWS_S8 8
#define OWN_DOT
#include "bytes.h"

INLINE vw vw_broadcast(activation_word word) { return vw_set((int32_t)(word ^ 0x80808080)); }
INLINE vw vw_dot(vw sum, vw a, vw w) {
  return (vw)vdotq_s32((int32x4_t)sum, (int8x16_t)a, (int8x16_t)w);
}
