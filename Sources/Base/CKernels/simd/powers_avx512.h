// Int8 attention on AVX-512, with or without VNNI: two 16-bit exponents per lane.

#include "powers.h"

// Both have 32 registers.
#define VALUE_ROWS 12  // 24 sums, 2 vectors of weights, a broadcast
#define SCORE_ROWS 8   // 16 sums; meanwhile, the other registers compute weights
#define RUN_ROWS 8     // 16 sums, 2 vectors of queries, a broadcast

/// 2^15 2^f as the polynomial in simd/powers.h gives it, for n = 0...63.
static const uint16_t power_mantissas[64] = {
    65265, 64565, 63870, 63185, 62504, 61832, 61167, 60509,
    59857, 59213, 58576, 57944, 57321, 56703, 56092, 55487,
    54889, 54297, 53712, 53132, 52559, 51993, 51432, 50878,
    50329, 49787, 49250, 48719, 48194, 47674, 47161, 46652,
    46149, 45652, 45160, 44674, 44193, 43717, 43246, 42780,
    42320, 41864, 41414, 40968, 40527, 40091, 39659, 39233,
    38810, 38393, 37980, 37571, 37167, 36767, 36371, 35979,
    35592, 35209, 34829, 34454, 34083, 33715, 33351, 32991,
};

/// 256 * 255 * 2^(-n / 64) for 32 unsigned n.
INLINE __m512i powers_of(__m512i n) {
  const __m512i first = _mm512_loadu_si512(power_mantissas);
  const __m512i second = _mm512_loadu_si512(power_mantissas + 32);
  // The table has 64 entries, so only the low six bits of n select one.
  const __m512i mantissa = _mm512_permutex2var_epi16(first, n, second);
  return _mm512_srlv_epi16(mantissa, _mm512_srli_epi16(n, 6));
}

/// Powers plus the earlier rounding remainders, which are replaced by the new ones.
INLINE __m512i carried_powers(__m512i u, __m512i *carry) {
  const __m512i sum = _mm512_add_epi16(powers_of(u), *carry);
  *carry = _mm512_and_si512(sum, _mm512_set1_epi16(255));
  return sum;
}

INLINE __m512i first_carry(void) { return _mm512_set1_epi16(HALF_WEIGHT); }

/// Rounded distances of two rows: each quarter has four of the first row, then four of the second.
/// Numbers beyond the range of the integers, and NaN, as found in padding, become 2^15: no weight.
INLINE __m512i pair_rows(vf even, vf odd) {
  return _mm512_packs_epi32(_mm512_cvtps_epi32(even), _mm512_cvtps_epi32(odd));
}

/// Pairs as the two 16-bit halves of each lane.
INLINE __m512i join_pairs(__m512i pairs) {
  const __m128i order = _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
  return _mm512_shuffle_epi8(pairs, _mm512_broadcast_i32x4(order));
}
