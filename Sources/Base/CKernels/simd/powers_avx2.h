// Powers for int8 attention on AVX2 and levels that extend it: two 16-bit exponents per lane.

#include "powers.h"

#define VALUE_ROWS 4
#define SCORE_ROWS 4
#define RUN_ROWS 4

INLINE __m256i first_carry(void) { return _mm256_set1_epi16(HALF_WEIGHT); }

/// Powers of `pairs`, 16-bit distances, plus the earlier rounding remainders, which are replaced by
/// the new ones. See simd/powers.h. AVX2 cannot shift 16-bit lanes by different counts, so the two
/// halves are shifted separately.
INLINE __m256i carried_powers(__m256i pairs, __m256i *carry) {
  const __m256i n = _mm256_min_epu16(pairs, _mm256_set1_epi16(MAX_DISTANCE));
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
  return sum;
}

/// Rounded distances of two rows: each half has four of the first row, then four of the second.
/// Numbers beyond the range of the integers, and NaN, as found in padding, become 2^15.
INLINE __m256i pair_rows(vf even, vf odd) {
  return _mm256_packs_epi32(_mm256_cvtps_epi32(even), _mm256_cvtps_epi32(odd));
}

/// Pairs as the two 16-bit halves of each lane.
INLINE __m256i join_pairs(__m256i pairs) {
  const __m128i order = _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
  return _mm256_shuffle_epi8(pairs, _mm256_broadcastsi128_si256(order));
}
