// Operands of int8 attention for AVX-512 without VNNI: two signed 16-bit integers in a 32-bit
// word. See attention/attention_s8_layout.h for the vocabulary.

#include "int8_avx512.h"

#include "powers_avx512.h"

#define UNSIGNED_OFFSET 0
#define FOLDED_ONES 0x00010001u

INLINE void fold_store(uint32_t *out, vf v) {
  _mm256_storeu_si256((__m256i *)out, _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v)));
}

INLINE vw vw_bits(vf v) { return _mm512_castps_si512(v); }
INLINE vw vw_flip(vw words) { return words; }

#define FOLDED_ROW(i) (i)
INLINE vw fold_rows(const vf rows[FOLD]) { return join_pairs(pair_rows(rows[0], rows[1])); }

INLINE vw fold_powers(const vf distances[FOLD], vw *carry) {
  const __m512i sums = carried_powers(pair_rows(distances[0], distances[1]), carry);
  return join_pairs(_mm512_srli_epi16(sums, 8));
}

INLINE uint32_t unfold_power(uint32_t word, size_t i) { return word >> 16 * i & 65535; }
