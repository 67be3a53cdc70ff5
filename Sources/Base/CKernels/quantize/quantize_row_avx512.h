// Quantises rows on AVX-512: 64 bytes at a time, clamped by the packing itself, with the steps of
// four rows found together. Gives the same bytes as the portable form in quantize_rows_u8.h.

#ifndef SAM2_QUANTIZE_ROW_AVX512_H
#define SAM2_QUANTIZE_ROW_AVX512_H

#include "scales.h"

#define OWN_BLOCK

/// Four vectors of numbers as 64 bytes; lanes from `left` on are zero.
INLINE __m512i quantize_block(const float *x, size_t left, vf factor, vf highest, __m512i zero) {
  __m512i q[4];
  UNROLLED for (size_t i = 0; i < 4; ++i) {
    const size_t first = i * VF_WIDTH;
    const vf v = left >= first + VF_WIDTH ? vf_load(x + first)
                 : left > first           ? vf_load_n(x + first, left - first)
                                          : vf_zero();
    // A NaN, as the second operand, stays NaN. It converts to the lowest integer, like any value
    // below the range of integers, and packing clamps that to byte 0.
    q[i] = _mm512_cvtps_epi32(_mm512_min_ps(highest, vf_mul(v, factor)));
  }
  const __m512i low = _mm512_add_epi16(_mm512_packs_epi32(q[0], q[1]), zero);
  const __m512i high = _mm512_add_epi16(_mm512_packs_epi32(q[2], q[3]), zero);
  // Packing works within quarters: each holds four bytes of each vector in turn.
  const __m512i order =
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
}

/// Writes the bytes of a row of `depth` numbers, then `zero` up to `ld_out`.
INLINE void quantize_row(const float *x, size_t depth, uint8_t *out, size_t ld_out, float inverse,
                         int32_t zero) {
  const vf factor = vf_set(inverse), highest = vf_set((float)(255 - zero));
  const __m512i point = _mm512_set1_epi16((short)zero);
  size_t k = 0;
  for (; k + 64 <= depth; k += 64)
    _mm512_storeu_si512(out + k, quantize_block(x + k, 64, factor, highest, point));
  if (k < ld_out && k < depth) {
    // Masked-off lanes load 0, which quantises to the zero point.
    const __m512i bytes = quantize_block(x + k, depth - k, factor, highest, point);
    const size_t count = min_size(64, ld_out - k);
    _mm512_mask_storeu_epi8(out + k, ~(__mmask64)0 >> (64 - count), bytes);
    k += 64;
  }
  for (; k < ld_out; k += 64) {
    const size_t count = min_size(64, ld_out - k);
    _mm512_mask_storeu_epi8(out + k, ~(__mmask64)0 >> (64 - count),
                            _mm512_set1_epi8((char)zero));
  }
}

#define OWN_STEPS
/// Rows whose steps are found together: finding one takes as long as rounding a short row.
#define ROWS_AT_ONCE 4

/// The largest lane of each of four vectors, in order.
INLINE __m128 largest_lanes(const vf v[4]) {
  // Halves and quarters of pairs side by side, then the lanes of each quarter.
  const vf ab = vf_max(_mm512_unpacklo_ps(v[0], v[1]), _mm512_unpackhi_ps(v[0], v[1]));
  const vf cd = vf_max(_mm512_unpacklo_ps(v[2], v[3]), _mm512_unpackhi_ps(v[2], v[3]));
  const __m512d p = _mm512_castps_pd(ab), q = _mm512_castps_pd(cd);
  const vf all = vf_max(_mm512_castpd_ps(_mm512_unpacklo_pd(p, q)),
                        _mm512_castpd_ps(_mm512_unpackhi_pd(p, q)));
  const __m256 half =
      _mm256_max_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
  return _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

/// The portable form on four rows at once: each operation rounds identically.
INLINE void find_steps(const vf *low, const vf *high, float *step, float *inverse, int32_t *zero) {
  vf below[4];
  UNROLLED for (size_t i = 0; i < 4; ++i) below[i] = vf_sub(vf_zero(), low[i]);
  const __m128 maximum = largest_lanes(high), one = _mm_set1_ps(1.0f);
  __m128 size = largest_lanes(below);  // -minimum
  __m128 steps = _mm_div_ps(_mm_add_ps(maximum, size), _mm_set1_ps(255.0f));
  const __m128 is_normal = _mm_and_ps(_mm_cmpge_ps(steps, _mm_set1_ps(MIN_SCALE)),
                                      _mm_cmple_ps(steps, _mm_set1_ps(MAX_SCALE)));
  steps = _mm_blendv_ps(one, steps, is_normal);
  size = _mm_and_ps(size, is_normal);
  const __m128 inverses = _mm_div_ps(one, steps), shift = _mm_set1_ps(12582912.0f);
  const __m128 offset = _mm_sub_ps(_mm_add_ps(_mm_mul_ps(size, inverses), shift), shift);
  _mm_storeu_ps(step, steps);
  _mm_storeu_ps(inverse, inverses);
  const __m128 point = _mm_min_ps(_mm_max_ps(offset, _mm_setzero_ps()), _mm_set1_ps(255.0f));
  _mm_storeu_si128((__m128i *)zero, _mm_cvttps_epi32(point));
}

#endif
