// Operands of int8 attention for AVX-512 VNNI: four signed bytes in a 32-bit word. See
// attention/attention_s8_layout.h for the vocabulary.

#include "int8_avx512_vnni.h"

#include "powers_avx512.h"

#ifndef UNSIGNED_OFFSET
#define UNSIGNED_OFFSET 128
#endif
#define FOLDED_ONES 0x01010101u

INLINE void fold_store(uint32_t *out, vf v) {
  _mm_storeu_si128((__m128i *)out, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
}

#define OWN_FOLD_QUAD
INLINE void fold_quad(uint32_t *out, const vf rows[4]) {
  const __m512i transposed = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i words = _mm512_castsi128_si512(_mm512_cvtepi32_epi8(_mm512_cvtps_epi32(rows[0])));
  words = _mm512_inserti32x4(words, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(rows[1])), 1);
  words = _mm512_inserti32x4(words, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(rows[2])), 2);
  words = _mm512_inserti32x4(words, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(rows[3])), 3);
  _mm512_storeu_si512(out, _mm512_permutexvar_epi32(transposed, words));
}

INLINE vw vw_bits(vf v) { return _mm512_castps_si512(v); }
INLINE vw vw_flip(vw words) {
  return UNSIGNED_OFFSET ? _mm512_xor_si512(words, _mm512_set1_epi32((int)0x80808080)) : words;
}

/// The two middle bytes are swapped, as `fold_powers` leaves them.
#define FOLDED_ROW(i) ((i) == 1 ? 2 : (i) == 2 ? 1 : (i))
INLINE vw fold_rows(const vf rows[FOLD]) {
  const __m512i byte = _mm512_set1_epi32(255);
  vw word = _mm512_and_si512(_mm512_cvtps_epi32(rows[0]), byte);
  word = _mm512_or_si512(
      word, _mm512_slli_epi32(_mm512_and_si512(_mm512_cvtps_epi32(rows[2]), byte), 8));
  word = _mm512_or_si512(
      word, _mm512_slli_epi32(_mm512_and_si512(_mm512_cvtps_epi32(rows[1]), byte), 16));
  return _mm512_or_si512(word, _mm512_slli_epi32(_mm512_cvtps_epi32(rows[3]), 24));
}

INLINE vw fold_powers(const vf distances[FOLD], vw *carry) {
  const __m512i low = carried_powers(pair_rows(distances[0], distances[1]), carry);
  const __m512i high = carried_powers(pair_rows(distances[2], distances[3]), carry);
  const __m512i upper = _mm512_set1_epi16((short)0xff00);
  // low >> 8 | (high & upper)
  return join_pairs(_mm512_ternarylogic_epi32(_mm512_srli_epi16(low, 8), high, upper, 0xf8));
}

INLINE uint32_t unfold_power(uint32_t word, size_t i) {
  static const uint8_t shifts[FOLD] = {0, 16, 8, 24};
  return word >> shifts[i] & 255;
}
