// The products of attention_s8: tiles of sums in registers, one side broadcast, the other in
// panels.

#ifndef SAM2_ATTENTION_S8_TILES_H
#define SAM2_ATTENTION_S8_TILES_H

#include "attention_s8_weights.h"

/// The signed side of a product, in quads `quad_words` words apart, and its unsigned side.
typedef struct {
  const uint32_t *quads;
  size_t quad_words;
  const uint32_t *panel;
  size_t steps;
} operands;

/// sum[rows][vectors] += signed rows times unsigned lanes, steps [first, last).
INLINE void multiply(const int rows, const int vectors, const operands *x, size_t first,
                     size_t last, vw sum[][2]) {
  const uint32_t *quad[VALUE_ROWS / QUAD];
  UNROLLED for (int i = 0; i < rows / QUAD; ++i) quad[i] = x->quads + i * x->quad_words;
  const uint32_t *lanes = x->panel + first * PANEL;
  for (size_t step = first; step < last; ++step) {
    vw a[2];
    UNROLLED for (int v = 0; v < vectors; ++v)
      a[v] = vw_load((const int32_t *)lanes + v * VF_WIDTH);
    UNROLLED for (int r = 0; r < rows; ++r) {
      const vw w = vw_set((int32_t)quad[r / QUAD][step * QUAD + r % QUAD]);
      UNROLLED for (int v = 0; v < vectors; ++v) sum[r][v] = vw_dot(sum[r][v], a[v], w);
    }
    lanes += PANEL;
  }
}

/// Output of scores: floats and their maximum, plus the integers themselves for tests.
typedef struct {
  const float *key_scale;
  const int32_t *key_offset;
  float *scores;
  int32_t *integers;   // NULL, or [keys, PANEL]
  float *maximum;      // [PANEL]
} score_output;

INLINE void score_rows(const int rows, const int vectors, const operands *x,
                       const score_output *out, softmax_state *beside) {
  vw sum[SCORE_ROWS][2];
  UNROLLED for (int r = 0; r < rows; ++r) {
    UNROLLED for (int v = 0; v < vectors; ++v) sum[r][v] = vw_set(out->key_offset[r]);
  }
  // As many keys become weights as there will be new scores, which may overwrite theirs.
  const size_t parts = rows / WEIGHED_KEYS;
  for (size_t part = 0; part < parts; ++part) {
    multiply(rows, vectors, x, x->steps * part / parts, x->steps * (part + 1) / parts, sum);
    softmax_step(beside);
  }
  if (out->integers) {
    UNROLLED for (int r = 0; r < rows; ++r) {
      UNROLLED for (int v = 0; v < vectors; ++v)
        vw_store(out->integers + r * PANEL + v * VF_WIDTH, sum[r][v]);
    }
  }
  vf top[2];
  UNROLLED for (int v = 0; v < vectors; ++v) top[v] = vf_load(out->maximum + v * VF_WIDTH);
  UNROLLED for (int r = 0; r < rows; ++r) {
    const vf scale = vf_set(out->key_scale[r]);
    UNROLLED for (int v = 0; v < vectors; ++v) {
      const vf score = vf_mul(vw_float(sum[r][v]), scale);
      top[v] = vf_max(score, top[v]);
      vf_store(out->scores + r * PANEL + v * VF_WIDTH, score);
    }
  }
  UNROLLED for (int v = 0; v < vectors; ++v) vf_store(out->maximum + v * VF_WIDTH, top[v]);
}

/// Destination for weights times values: sums[r, lane] += factor[lane] * scale[r] * integer.
typedef struct {
  const float *value_scale;
  const float *factor;   // [PANEL]
  float *sums;           // [channels, PANEL]
#if BYTE_SHIFT
  const int32_t *value_offset;
#endif
} value_output;

INLINE void value_rows(const int rows, const int vectors, const operands *x,
                       const value_output *out) {
  vw sum[VALUE_ROWS][2];
  UNROLLED for (int r = 0; r < rows; ++r) {
#if BYTE_SHIFT
    const vw first = vw_set(out->value_offset[r]);
#else
    const vw first = vw_set(0);
#endif
    UNROLLED for (int v = 0; v < vectors; ++v) sum[r][v] = first;
  }
  multiply(rows, vectors, x, 0, x->steps, sum);
  UNROLLED for (int v = 0; v < vectors; ++v) {
    const vf factor = vf_load(out->factor + v * VF_WIDTH);
    UNROLLED for (int r = 0; r < rows; ++r) {
      float *p = out->sums + r * PANEL + v * VF_WIDTH;
      const vf scale = vf_set(out->value_scale[r]);
      vf_store(p, vf_fma(vf_mul(vw_float(sum[r][v]), factor), scale, vf_load(p)));
    }
  }
}

// Separate functions, so that each keeps its sums in registers.
#define SCORE_FUNCTION(rows, vectors)                                                              \
  static __attribute__((noinline)) void score_##rows##_##vectors(                                  \
      const operands *x, const score_output *out, softmax_state *beside) {                         \
    score_rows(rows, vectors, x, out, beside);                                                     \
  }
#define VALUE_FUNCTION(rows, vectors)                                                              \
  static __attribute__((noinline)) void value_##rows##_##vectors(const operands *x,                \
                                                                 const value_output *out) {        \
    value_rows(rows, vectors, x, out);                                                             \
  }

SCORE_FUNCTION(4, 1)
SCORE_FUNCTION(4, 2)
VALUE_FUNCTION(4, 1)
VALUE_FUNCTION(4, 2)
#if SCORE_ROWS >= 8
SCORE_FUNCTION(8, 1)
SCORE_FUNCTION(8, 2)
#endif
#if VALUE_ROWS >= 8
VALUE_FUNCTION(8, 1)
VALUE_FUNCTION(8, 2)
#endif
#if VALUE_ROWS >= 12
VALUE_FUNCTION(12, 1)
VALUE_FUNCTION(12, 2)
#endif

typedef void (*score_tile)(const operands *x, const score_output *out, softmax_state *beside);
typedef void (*value_tile)(const operands *x, const value_output *out);

/// Indexed by quads of rows and vectors of queries.
static const score_tile score_tiles[SCORE_ROWS / QUAD][2] = {
    {score_4_1, score_4_2},
#if SCORE_ROWS >= 8
    {score_8_1, score_8_2},
#endif
};
static const value_tile value_tiles[VALUE_ROWS / QUAD][2] = {
    {value_4_1, value_4_2},
#if VALUE_ROWS >= 8
    {value_8_1, value_8_2},
#endif
#if VALUE_ROWS >= 12
    {value_12_1, value_12_2},
#endif
};

#endif
