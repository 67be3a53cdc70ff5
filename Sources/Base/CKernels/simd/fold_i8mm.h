// Operands of int8 attention for I8MM: usdot takes four bytes of a lane at once; lanes are queries.
// See attention/attention_s8_layout.h for the vocabulary.

#define TARGET "i8mm"
#define KERNEL(name) name##__i8mm
#include "neon.h"

#define OWN_DOT
#include "bytes.h"

INLINE vw vw_broadcast(activation_word word) { return vw_set((int32_t)word); }
INLINE vw vw_dot(vw sum, vw a, vw w) {
  return (vw)vusdotq_s32((int32x4_t)sum, (uint8x16_t)a, (int8x16_t)w);
}

#define UNSIGNED_OFFSET 128
#include "fold_bytes.h"
