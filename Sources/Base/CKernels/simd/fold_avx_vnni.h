// Operands of int8 attention for AVX-VNNI: four signed bytes in a 32-bit word. See
// attention/attention_s8_layout.h for the vocabulary.

#include "int8_avx_vnni.h"

#include "powers_avx2.h"

#define UNSIGNED_OFFSET 128
#define FOLDED_ONES 0x01010101u

INLINE void fold_store(uint32_t *out, vf v) {
  const __m256i words = _mm256_cvtps_epi32(v);
  const __m128i halves =
      _mm_packs_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storel_epi64((__m128i *)out, _mm_packs_epi16(halves, halves));
}

INLINE vw vw_bits(vf v) { return _mm256_castps_si256(v); }
INLINE vw vw_flip(vw words) {
  return _mm256_xor_si256(words, _mm256_set1_epi32((int)0x80808080));
}

/// The two middle bytes are swapped, as `fold_powers` leaves them.
#define FOLDED_ROW(i) ((i) == 1 ? 2 : (i) == 2 ? 1 : (i))
INLINE vw fold_rows(const vf rows[FOLD]) {
  const __m256i upper = _mm256_set1_epi16((short)0xff00);
  const __m256i high = _mm256_slli_epi32(_mm256_cvtps_epi32(rows[1]), 16);
  const __m256i low = _mm256_blend_epi16(_mm256_cvtps_epi32(rows[0]), high, 0xaa);
  const __m256i last = _mm256_slli_epi32(_mm256_cvtps_epi32(rows[3]), 16);
  const __m256i rest = _mm256_blend_epi16(_mm256_cvtps_epi32(rows[2]), last, 0xaa);
  return _mm256_blendv_epi8(low, _mm256_slli_epi16(rest, 8), upper);
}

INLINE vw fold_powers(const vf distances[FOLD], vw *carry) {
  const __m256i low = carried_powers(pair_rows(distances[0], distances[1]), carry);
  const __m256i high = carried_powers(pair_rows(distances[2], distances[3]), carry);
  const __m256i upper = _mm256_set1_epi16((short)0xff00);
  return join_pairs(
      _mm256_or_si256(_mm256_srli_epi16(low, 8), _mm256_and_si256(high, upper)));
}

INLINE uint32_t unfold_power(uint32_t word, size_t i) {
  static const uint8_t shifts[FOLD] = {0, 16, 8, 24};
  return word >> shifts[i] & 255;
}
