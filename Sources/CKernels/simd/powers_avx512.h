// What int8 attention needs of AVX-512 with or without VNNI: two 16-bit exponents per lane.

#include "powers.h"

/// 256 * 255 * 2^(u / 2048) for 32 exponents u in [-32768, 0] (see simd/powers.h).
INLINE __m512i powers_of(__m512i u) {
  const __m512i e = _mm512_add_epi16(u, _mm512_set1_epi16(POWER_OFFSET));
  const __m512i f = _mm512_slli_epi16(_mm512_and_si512(e, _mm512_set1_epi16(2047)), 4);
  __m512i g = _mm512_mulhrs_epi16(f, _mm512_set1_epi16(POWER_C3));
  g = _mm512_mulhrs_epi16(f, _mm512_add_epi16(g, _mm512_set1_epi16(POWER_C2)));
  g = _mm512_mulhrs_epi16(f, _mm512_add_epi16(g, _mm512_set1_epi16(POWER_C1)));
  const __m512i mantissa = _mm512_xor_si512(g, _mm512_set1_epi16((short)0x8000));
  const __m512i shift = _mm512_sub_epi16(_mm512_set1_epi16(7), _mm512_srai_epi16(e, 11));
  return _mm512_srlv_epi16(mantissa, shift);
}

/// Powers plus what rounding left over, which is replaced by what will be left over now.
INLINE __m512i carried_powers(__m512i u, __m512i *carry) {
  const __m512i sum = _mm512_add_epi16(powers_of(u), *carry);
  *carry = _mm512_and_si512(sum, _mm512_set1_epi16(255));
  return sum;
}

INLINE __m512i first_carry(void) { return _mm512_set1_epi16(HALF_WEIGHT); }

/// Integer-valued floats of two rows as the 16-bit halves of each lane.
INLINE __m512i pair_rows(vf even, vf odd) {
  const __m512i high = _mm512_slli_epi32(_mm512_cvtps_epi32(odd), 16);
  return _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_cvtps_epi32(even), high);
}
