// Operands of int8 attention on the compiler's vectors: four bytes in a 32-bit word. See
// attention/attention_s8_layout.h for the vocabulary. The level includes its int8 products first.

#include "powers.h"

#ifndef BYTE_SHIFT
#define BYTE_SHIFT 0
#endif

#define FOLDED_ONES 0x01010101u

INLINE vw vw_bits(vf v) { return (vw)v; }
INLINE vw vw_flip(vw words) { return UNSIGNED_OFFSET ? words ^ vw_set((int32_t)0x80808080) : words; }

INLINE vw rounded(vf v) { return __builtin_convertvector(vf_round(v), vw); }

INLINE void fold_store(uint32_t *out, vf v) {
  const vw integers = rounded(v);
  int8_t bytes[VF_WIDTH];
  UNROLLED for (int i = 0; i < VF_WIDTH; ++i) bytes[i] = (int8_t)integers[i];
  __builtin_memcpy(out, bytes, sizeof bytes);
}

#define FOLDED_ROW(i) (i)
INLINE vw fold_rows(const vf rows[FOLD]) {
  vu word = {0};
  UNROLLED for (int i = 0; i < FOLD; ++i) word |= ((vu)rounded(rows[i]) & 255) << 8 * i;
  return (vw)word;
}

INLINE vw high_half(vw a, vw b) { return (a * b + 0x4000) >> 15; }

/// 256 times the powers of a row of distances; see simd/powers.h.
INLINE vw power_of(vf distance) {
  // A NaN, as found in padding, becomes the maximum.
  const vw e = POWER_OFFSET - 32 * rounded(vf_min(distance, vf_set(MAX_DISTANCE)));
  const vw f = (e & 2047) << 4;
  vw g = high_half(f, vw_set(POWER_C3));
  g = high_half(f, g + POWER_C2);
  g = high_half(f, g + POWER_C1);
  return (g | 0x8000) >> (7 - (e >> 11));
}

/// Rounding remainders: even rows in the lower half, odd rows in the upper half.
INLINE vw first_carry(void) { return vw_set(HALF_WEIGHT << 16 | HALF_WEIGHT); }

INLINE vw fold_powers(const vf distances[FOLD], vw *carry) {
  vw left[2] = {*carry & 65535, *carry >> 16};
  vu word = {0};
  UNROLLED for (int i = 0; i < FOLD; ++i) {
    const vw sum = power_of(distances[i]) + left[i % 2];
    left[i % 2] = sum & 255;
    word |= (vu)(sum >> 8) << 8 * i;
  }
  *carry = left[1] << 16 | left[0];
  return (vw)(BYTE_SHIFT ? word ^ 0x80808080 : word);
}

INLINE uint32_t unfold_power(uint32_t word, size_t i) {
  return (BYTE_SHIFT ? word ^ 0x80808080 : word) >> 8 * i & 255;
}
