// Operands of int8 attention for AVX2: two signed 16-bit integers in a 32-bit word. See
// attention/attention_s8.h for the vocabulary.

#include "powers.h"

#define UNSIGNED_OFFSET 0
#define FOLDED_ONES 0x00010001u

INLINE void fold_store(uint32_t *out, vf v) {
  const __m256i words = _mm256_cvtps_epi32(v);
  const __m128i halves =
      _mm_packs_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128((__m128i *)out, halves);
}

INLINE vw vw_flip(vf words) { return _mm256_castps_si256(words); }

INLINE vw fold_rows(const vf rows[FOLD]) {
  const __m256i high = _mm256_slli_epi32(_mm256_cvtps_epi32(rows[1]), 16);
  return _mm256_blend_epi16(_mm256_cvtps_epi32(rows[0]), high, 0xaa);
}

INLINE vw first_carry(void) { return _mm256_set1_epi16(HALF_WEIGHT); }

/// See simd/powers.h. AVX2 shifts no 16-bit lanes by different counts: the halves go separately.
INLINE vw fold_powers(const vf exponents[FOLD], vw *carry) {
  const __m256i e = _mm256_add_epi16(fold_rows(exponents), _mm256_set1_epi16(POWER_OFFSET));
  const __m256i f = _mm256_slli_epi16(_mm256_and_si256(e, _mm256_set1_epi16(2047)), 4);
  __m256i g = _mm256_mulhrs_epi16(f, _mm256_set1_epi16(POWER_C3));
  g = _mm256_mulhrs_epi16(f, _mm256_add_epi16(g, _mm256_set1_epi16(POWER_C2)));
  g = _mm256_mulhrs_epi16(f, _mm256_add_epi16(g, _mm256_set1_epi16(POWER_C1)));
  const __m256i mantissa = _mm256_xor_si256(g, _mm256_set1_epi16((short)0x8000));
  const __m256i shift = _mm256_sub_epi16(_mm256_set1_epi16(7), _mm256_srai_epi16(e, 11));
  const __m256i half = _mm256_set1_epi32(65535);
  const __m256i even =
      _mm256_srlv_epi32(_mm256_and_si256(mantissa, half), _mm256_and_si256(shift, half));
  const __m256i odd =
      _mm256_srlv_epi32(_mm256_srli_epi32(mantissa, 16), _mm256_srli_epi32(shift, 16));
  const __m256i both = _mm256_or_si256(even, _mm256_slli_epi32(odd, 16));
  const __m256i sum = _mm256_add_epi16(both, *carry);
  *carry = _mm256_and_si256(sum, _mm256_set1_epi16(255));
  return _mm256_srli_epi16(sum, 8);
}

INLINE uint32_t unfold_power(uint32_t word, size_t i) { return word >> 16 * i & 65535; }
