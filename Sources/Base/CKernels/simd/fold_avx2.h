// Operands of int8 attention for AVX2: two signed 16-bit integers in a 32-bit word. See
// attention/attention_s8_layout.h for the vocabulary.

#include "int8_avx2.h"
#include "powers.h"

#define VALUE_ROWS 4
#define SCORE_ROWS 4
#define RUN_ROWS 4

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

INLINE vw first_carry(void) { return _mm256_set1_epi16(HALF_WEIGHT); }

/// See simd/powers.h. AVX2 shifts no 16-bit lanes by different counts: the halves go separately.
INLINE vw fold_powers(const vf distances[FOLD], vw *carry) {
  // In each half four of the first, then four of the second row. What is beyond the range of the
  // integers, and a NaN, which padding has, becomes 2^15.
  const __m256i pairs =
      _mm256_packs_epi32(_mm256_cvtps_epi32(distances[0]), _mm256_cvtps_epi32(distances[1]));
  const __m256i n = _mm256_min_epu16(pairs, _mm256_set1_epi16(MOST_DISTANCE));
  const __m256i e = _mm256_sub_epi16(_mm256_set1_epi16(POWER_OFFSET), _mm256_slli_epi16(n, 5));
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
  const __m128i order = _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
  return _mm256_shuffle_epi8(_mm256_srli_epi16(sum, 8), _mm256_broadcastsi128_si256(order));
}

INLINE uint32_t unfold_power(uint32_t word, size_t i) { return word >> 16 * i & 65535; }
