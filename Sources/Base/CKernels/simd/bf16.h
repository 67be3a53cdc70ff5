// Pairs of bfloat16 on the float vectors of a level, whose vocabulary a source includes first. A
// level that has instructions for them includes its own definitions (simd/bf16_avx512.h).
//
//   vh                    VF_WIDTH pairs of neighbours along the depth
//   vh_load, vh_set       loads pairs side by side in memory; sets every lane to one pair
//   vf_dot(sum, a, b)     sum plus the two products of each lane
//   vu_round(v)           nearest bfloat16, ties to even, in the low half of each 32-bit lane
//   vu_store(p, v)        stores the low halves side by side
//   TILE_ROWS_BF16        rows of a tile, like TILE_ROWS_F32

#ifndef SAM2_BF16_H
#define SAM2_BF16_H

typedef uint32_t vu_bits __attribute__((vector_size(4 * VF_WIDTH)));
typedef uint16_t vu_halves __attribute__((vector_size(2 * VF_WIDTH)));

#ifndef BF16_INSTRUCTIONS

#if defined(BF16_BY_TILES)
// Defined along with the tiles.
#elif VF_WIDTH == 8 && defined(__x86_64__)
#define TILE_ROWS_BF16 4  // 8 sums, 4 halves of B, 2 of A and a mask, out of 16 registers
#elif VF_WIDTH == 16
#define TILE_ROWS_BF16 12  // 24 sums, 4 halves of B, 2 of A and a mask, out of 32 registers
#else
#define TILE_ROWS_BF16 TILE_ROWS_F32
#endif

typedef struct {
  vf even, odd;
} vh;

INLINE vh vh_of(vu_bits pairs) {
  return (vh){(vf)(pairs << 16), (vf)(pairs & UINT32_C(0xffff0000))};
}

INLINE vh vh_load(const uint16_t *p) {
  vu_bits pairs;
  __builtin_memcpy(&pairs, p, sizeof pairs);
  return vh_of(pairs);
}

INLINE vh vh_set(uint32_t pair) { return vh_of(pair - (vu_bits){0}); }

INLINE vf vf_dot(vf sum, vh a, vh b) {
  return vf_fma(a.even, b.even, vf_fma(a.odd, b.odd, sum));
}

INLINE vu_bits vu_round(vf v) {
  const vu_bits bits = (vu_bits)v, top = bits >> 16;
  const vu_bits nearest = (bits + 0x7fff + (top & 1)) >> 16;
  const vu_bits subnormal = (vu_bits)((bits & 0x7f800000) == 0);
  const vu_bits nan = (vu_bits)((bits & 0x7fffffff) > 0x7f800000);
  const vu_bits finite = (subnormal & top & 0x8000) | (~subnormal & nearest);
  return (nan & (top | 0x40)) | (~nan & finite);
}

INLINE void vu_store(uint16_t *p, vu_bits v) {
  const vu_halves halves = __builtin_convertvector(v, vu_halves);
  __builtin_memcpy(p, &halves, sizeof halves);
}

#endif

/// Rounds `count` neighbours, and pads them with zeros to `padded` elements.
INLINE void round_row(const float *x, size_t count, uint16_t *out, size_t padded) {
  size_t i = 0;
  for (; i + VF_WIDTH <= count; i += VF_WIDTH) vu_store(out + i, vu_round(vf_load(x + i)));
  if (i < count) {
    uint16_t last[VF_WIDTH];
    vu_store(last, vu_round(vf_load_n(x + i, count - i)));
    __builtin_memcpy(out + i, last, (count - i) * sizeof *out);
  }
  if (count < padded)
    __builtin_memset(out + count, 0, (padded - count) * sizeof *out);
}

INLINE void round_rows(const float *x, size_t ldx, size_t rows, size_t count, uint16_t *out,
                       size_t ld_out) {
  for (size_t r = 0; r < rows; ++r) round_row(x + r * ldx, count, out + r * ld_out, ld_out);
}

/// Pairs of two rows: lanes of `even` beside those of `odd`.
INLINE vu_bits pair_rows(vf even, vf odd) { return vu_round(even) | vu_round(odd) << 16; }

#endif
