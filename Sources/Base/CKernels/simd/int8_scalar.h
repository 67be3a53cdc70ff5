// Int8 products for the scalar level: one element at a time, in 32 bits. See gemm/tile_u8s8.h for
// the vocabulary.

#include "portable.h"

#define FOLD 1
#define WIDEN 1
#define TILE_ROWS_S8 4
typedef int32_t activation_word;
typedef vi vw;
typedef int8_t bytes4 __attribute__((vector_size(4)));

INLINE vw vw_load(const int32_t *p) {
  vw v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE void vw_store(int32_t *p, vw v) { __builtin_memcpy(p, &v, sizeof v); }
INLINE vw vw_broadcast(int32_t word) { return (vw){word, word, word, word}; }
INLINE vw vw_dot(vw sum, vw a, vw w) { return sum + a * w; }

INLINE vw vw_weights(const int8_t *p) {
  bytes4 v;
  __builtin_memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, vw);
}

INLINE void widen(const uint8_t *a, size_t count, activation_word *out) {
  for (size_t k = 0; k < count; ++k)
    out[k] = a[k];
}

typedef uint32_t vw_unsigned __attribute__((vector_size(16)));

INLINE vw vw_set(int32_t x) { return (vw){x, x, x, x}; }
INLINE vf vw_float(vw v) { return __builtin_convertvector(v, vf); }
// Unsigned, because only the difference is sure to fit in 32 bits.
INLINE vw vw_correct(vw sum, vw zero, vw column_sum) {
  return (vw)((vw_unsigned)sum - (vw_unsigned)zero * (vw_unsigned)column_sum);
}
