// Int8 products on the compiler's vectors: four bytes in a 32-bit lane. See gemm/tile_u8s8.h for
// the vocabulary. The level includes its float vectors first, and may define its own `vw_dot` and
// FOLD.

#ifndef FOLD
#define FOLD 4
typedef uint32_t activation_word;
#endif
#define WIDEN 0
typedef vi vw;

INLINE vw vw_load(const int32_t *p) {
  vw v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE void vw_store(int32_t *p, vw v) { __builtin_memcpy(p, &v, sizeof v); }
INLINE vw vw_set(int32_t x) { return x + (vw){0}; }
INLINE vw vw_weights(const int8_t *p) {
  vw v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE vf vw_float(vw v) { return __builtin_convertvector(v, vf); }
// Unsigned, because only the difference is sure to fit in 32 bits.
INLINE vw vw_correct(vw sum, vw zero, vw column_sum) {
  return (vw)((vu)sum - (vu)zero * (vu)column_sum);
}

#ifndef OWN_DOT
INLINE vw vw_broadcast(activation_word word) { return vw_set((int32_t)word); }
INLINE vw vw_dot(vw sum, vw a, vw w) {
  vu total = (vu)sum;
  UNROLLED for (int i = 0; i < FOLD; ++i) {
    const vw byte = (vw)((vu)a >> 8 * i & 255), weight = (vw)((vu)w << (24 - 8 * i)) >> 24;
    total += (vu)(byte * weight);
  }
  return (vw)total;
}
#endif
