// Operands of int8 attention for AVX2: two signed 16-bit integers in a 32-bit word. See
// attention/attention_s8_layout.h for the vocabulary.

#include "int8_avx2.h"

#include "powers_avx2.h"

#define UNSIGNED_OFFSET 0
#define FOLDED_ONES 0x00010001u

INLINE void fold_store(uint32_t *out, vf v) {
  const __m256i words = _mm256_cvtps_epi32(v);
  const __m128i halves =
      _mm_packs_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128((__m128i *)out, halves);
}

INLINE vw vw_bits(vf v) { return _mm256_castps_si256(v); }
INLINE vw vw_flip(vw words) { return words; }

#define FOLDED_ROW(i) (i)
INLINE vw fold_rows(const vf rows[FOLD]) {
  const __m256i high = _mm256_slli_epi32(_mm256_cvtps_epi32(rows[1]), 16);
  return _mm256_blend_epi16(_mm256_cvtps_epi32(rows[0]), high, 0xaa);
}

INLINE vw fold_powers(const vf distances[FOLD], vw *carry) {
  const __m256i sums = carried_powers(pair_rows(distances[0], distances[1]), carry);
  return join_pairs(_mm256_srli_epi16(sums, 8));
}

INLINE uint32_t unfold_power(uint32_t word, size_t i) { return word >> 16 * i & 65535; }
