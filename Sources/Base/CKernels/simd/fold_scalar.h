// Operands of int8 attention for the scalar level: one integer in a 32-bit word. See
// attention/attention_s8_layout.h for the vocabulary.

#include "int8_scalar.h"
#include "powers.h"

#define VALUE_ROWS 4
#define SCORE_ROWS 4
#define RUN_ROWS 4

#define UNSIGNED_OFFSET 0
#define FOLDED_ONES 1u

INLINE vw vw_bits(vf v) { return (vw)v; }
INLINE vw vw_flip(vw words) { return words; }

#define FOLDED_ROW(i) (i)
INLINE vw fold_rows(const vf rows[FOLD]) {
  return __builtin_convertvector(vf_round(rows[0]), vw);
}

INLINE void fold_store(uint32_t *out, vf v) { vw_store((int32_t *)out, fold_rows(&v)); }

INLINE vw high_half(vw a, vw b) { return (a * b + 0x4000) >> 15; }

INLINE vw first_carry(void) { return vw_set(HALF_WEIGHT); }

/// Does in 32-bit lanes what the other levels do in 16-bit ones; see simd/powers.h.
INLINE vw fold_powers(const vf distances[FOLD], vw *carry) {
  // A NaN, as found in padding, becomes the maximum.
  const vf n = vf_min(distances[0], vf_set(MAX_DISTANCE));
  const vw e = POWER_OFFSET - 32 * fold_rows(&n);
  const vw f = (e & 2047) << 4;
  vw g = high_half(f, vw_set(POWER_C3));
  g = high_half(f, g + POWER_C2);
  g = high_half(f, g + POWER_C1);
  const vw sum = ((g | 0x8000) >> (7 - (e >> 11))) + *carry;
  *carry = sum & 255;
  return sum >> 8;
}

INLINE uint32_t unfold_power(uint32_t word, size_t i) {
  (void)i;
  return word;
}
