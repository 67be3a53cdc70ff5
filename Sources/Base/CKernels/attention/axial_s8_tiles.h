// The products of axial_s8: projections of queries, and scores of one cell's tokens.

#ifndef SAM2_AXIAL_S8_TILES_H
#define SAM2_AXIAL_S8_TILES_H

#include "attention_s8_tiles.h"
#include "attention_s8_weights.h"

/// Output of a projection: floats, and their largest magnitude.
typedef struct {
  const float *scale;
  const int32_t *offset;
  float *projected;  // [rows, PANEL]
  float *largest;    // [PANEL]
} projection_output;

INLINE void project_tile(const int rows, const int vectors, const operands *x,
                         const projection_output *out) {
  vw sum[VALUE_ROWS][2];
  UNROLLED for (int r = 0; r < rows; ++r) {
    UNROLLED for (int v = 0; v < vectors; ++v) sum[r][v] = vw_set(out->offset[r]);
  }
  multiply(rows, vectors, x, 0, x->steps, sum);
  UNROLLED for (int v = 0; v < vectors; ++v) {
    vf largest = vf_load(out->largest + v * VF_WIDTH);
    UNROLLED for (int r = 0; r < rows; ++r) {
      const vf projected = vf_mul(vw_float(sum[r][v]), vf_set(out->scale[r]));
      largest = max_magnitude(projected, largest);
      vf_store(out->projected + r * PANEL + v * VF_WIDTH, projected);
    }
    vf_store(out->largest + v * VF_WIDTH, largest);
  }
}

/// Tokens of one cell, and the queries as projected for its column and row.
typedef struct {
  const uint32_t *tokens;        // [rows][steps]
  const uint32_t *rounded[2];     // each [steps][PANEL]
  const float *bias[2];          // each [PANEL], or NULL
  const float *inverse;          // [PANEL]: inverses of the queries' steps
  size_t steps;
  const float *scale;            // [rows]
  const int32_t *offset;         // [rows]
  float *scores;                 // [rows, PANEL]
  float *maximum;                // [PANEL]
} token_run;

/// Computes the scores of a run whose first row is at place `key`. They replace the scores of
/// `beside`, which meanwhile become weights.
INLINE void score_run(const int rows, const int vectors, const token_run *run, size_t key,
                      softmax_state *beside) {
  vw sum[RUN_ROWS][2];
  UNROLLED for (int r = 0; r < rows; ++r) {
    UNROLLED for (int v = 0; v < vectors; ++v) sum[r][v] = vw_set(run->offset[r]);
  }
  for (int part = 0; part < 2; ++part) {
    const uint32_t *lanes = run->rounded[part];
    for (size_t step = 0; step < run->steps; ++step) {
      vw a[2];
      UNROLLED for (int v = 0; v < vectors; ++v)
        a[v] = vw_load((const int32_t *)lanes + v * VF_WIDTH);
      UNROLLED for (int r = 0; r < rows; ++r) {
        const vw w = vw_set((int32_t)run->tokens[r * run->steps + step]);
        UNROLLED for (int v = 0; v < vectors; ++v) sum[r][v] = vw_dot(sum[r][v], a[v], w);
      }
      lanes += PANEL;
    }
    softmax_until(beside, part == 0 ? key + rows / 2 : key + rows);
  }
  UNROLLED for (int v = 0; v < vectors; ++v) {
    const size_t lane = v * VF_WIDTH;
    vf bias = vf_zero();
    if (run->bias[0])
      bias = vf_mul(vf_add(vf_load(run->bias[0] + lane), vf_load(run->bias[1] + lane)),
                    vf_load(run->inverse + lane));
    vf top = vf_load(run->maximum + lane);
    UNROLLED for (int r = 0; r < rows; ++r) {
      const vf score = vf_add(vf_mul(vw_float(sum[r][v]), vf_set(run->scale[r])), bias);
      top = vf_max(score, top);
      vf_store(run->scores + r * PANEL + lane, score);
    }
    vf_store(run->maximum + lane, top);
  }
}

// Separate functions, so that each keeps its sums in registers.
#define PROJECT_FUNCTION(rows, vectors)                                                            \
  static __attribute__((noinline)) void project_##rows##_##vectors(const operands *x,              \
                                                                   const projection_output *out) { \
    project_tile(rows, vectors, x, out);                                                           \
  }
#define RUN_FUNCTION(rows, vectors)                                                                \
  static __attribute__((noinline)) void run_##rows##_##vectors(const token_run *run, size_t key,   \
                                                               softmax_state *beside) {            \
    score_run(rows, vectors, run, key, beside);                                                    \
  }
#define RUN_FUNCTIONS(rows) RUN_FUNCTION(rows, 1) RUN_FUNCTION(rows, 2)

PROJECT_FUNCTION(4, 1)
PROJECT_FUNCTION(4, 2)
#if VALUE_ROWS >= 8
PROJECT_FUNCTION(8, 1)
PROJECT_FUNCTION(8, 2)
#endif
#if VALUE_ROWS >= 12
PROJECT_FUNCTION(12, 1)
PROJECT_FUNCTION(12, 2)
#endif
EACH_TO(RUN_ROWS, RUN_FUNCTIONS)

typedef void (*projection_tile)(const operands *x, const projection_output *out);
typedef void (*run_tile)(const token_run *run, size_t key, softmax_state *beside);

/// Indexed by quads of rows and vectors of queries.
static const projection_tile project_tiles[VALUE_ROWS / QUAD][2] = {
    {project_4_1, project_4_2},
#if VALUE_ROWS >= 8
    {project_8_1, project_8_2},
#endif
#if VALUE_ROWS >= 12
    {project_12_1, project_12_2},
#endif
};
/// Indexed by rows and vectors of queries.
#define RUN_NAMES(rows) {run_##rows##_1, run_##rows##_2},
static const run_tile run_tiles[RUN_ROWS][2] = {EACH_TO(RUN_ROWS, RUN_NAMES)};

#endif
