// SIMD micro-kernels in function tables, one per level. A level is a set of CPU features.
//
// Rules of this room: no allocation, no threads, no logging, no knowledge of tensors or graphs.
// The caller owns every buffer and splits work between threads by calling a kernel on ranges.
// Every kernel has a portable twin with the same contract. Integer results are identical on every
// level; float results differ only by the order of additions and fused multiply-add.
//
// Naming: what__how, e.g. gemm_f32__avx512. `ld*` are row strides in elements.

#ifndef SAM2_CKERNELS_H
#define SAM2_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Function applied to each output element after the bias.
typedef enum {
  SAM2_ACT_NONE = 0,
  SAM2_ACT_RELU = 1,
  SAM2_ACT_GELU = 2,  // exact: x * Phi(x), Phi by erf, absolute error below 1e-6
  SAM2_ACT_SIGMOID = 3,
  SAM2_ACT_QUICK_GELU = 4,  // x * sigmoid(1.702 x)
  SAM2_ACT_ELU = 5,         // x, or e^x - 1 below zero
} sam2_activation;

// MARK: - Matrix products

/// C[rows, columns] = act(A[rows, depth] * B + bias) + residual, float32.
/// B is packed by `pack_f32` for `gemm_f32`, and by `pack_bf16` for `gemm_bf16`, which rounds A to
/// bfloat16 as it runs. `bias` (per column) and `residual` may be NULL.
/// `residual` may alias `c` exactly (same pointer and stride); `a` may not alias `c`.
/// The task may cover a sub-range of columns that starts at the first column of a panel: pass
/// `packed`, `bias`, `residual` and `c` advanced to that column.
typedef struct {
  const float *a;
  size_t lda;
  const void *packed;
  float *c;
  size_t ldc;
  const float *bias;
  const float *residual;
  size_t ldr;
  size_t rows, columns, depth;
  sam2_activation activation;
} sam2_gemm_f32;

/// C[rows, columns] = act(row_scale[r] * column_scale[c] * (sum_k a[r,k] * w[c,k]
///                        - row_zero[r] * column_sum[c]) + bias[c]) + residual.
/// `a` is unsigned 8-bit, written by `quantize_rows_u8` with `lda` a multiple of 64 and at least
/// depth; the weights are signed 8-bit in [-127, 127], packed by `pack_s8`. The 32-bit sums are
/// exact (no saturation on any level) for depth <= 65536.
typedef struct {
  const uint8_t *a;
  size_t lda;
  const float *row_scale;    // [rows]
  const int32_t *row_zero;   // [rows], 0...255
  const int8_t *packed;
  const float *column_scale;    // [columns]
  const int32_t *column_sum;    // [columns], sum over depth of the weights
  float *c;
  size_t ldc;
  const float *bias;
  const float *residual;
  size_t ldr;
  size_t rows, columns, depth;
  sam2_activation activation;
} sam2_gemm_u8s8;

// MARK: - Attention

/// out[q, :] = softmax(scale * query[q, :] . keys^T) * values for `queries` rows of one head,
/// without a score matrix in memory (online softmax over tiles of keys).
/// `packed_keys` comes from `pack_f32` of the keys (columns = key_count, depth = head_depth).
/// Values are read in place. `workspace` holds `attention_f32_workspace(...)` bytes, 64-byte
/// aligned, one per concurrent call. Any depth works; key_count is at least 1; `out` must not
/// overlap the inputs.
/// `attention_bf16` takes keys packed by `pack_bf16` and a workspace of
/// `attention_bf16_workspace(...)` bytes. It rounds scaled queries, weights and values to bfloat16;
/// sums are float32.
typedef struct {
  const float *query;
  size_t ldq;
  const void *packed_keys;
  const float *values;
  size_t ldv;
  float *out;
  size_t ldo;
  size_t queries, key_count, head_depth, value_depth;
  float scale;
  void *workspace;
} sam2_attention_f32;

/// Keys in a tile of `attention_s8`: weights are rounded relative to the largest in their tile.
#define SAM2_KEY_TILE 128

/// Attention of one head in int8 (`Formats/operators.md` has the arithmetic).
/// First, `attention_s8_prepare` rounds keys and values into `prepared`, which holds
/// `attention_s8_prepared_bytes(...)` bytes; it works tile by tile, on any number of threads. Then
/// `attention_s8` attends for `queries` rows, with a `workspace` of
/// `attention_s8_workspace_bytes(...)` bytes, one per concurrent call. Both buffers are 64-byte
/// aligned; their sizes depend only on key_count, head_depth and value_depth.
/// key_count and the depths are at least 1, head_depth at most 65536; `out` must not overlap the
/// inputs. Results for a query do not depend on which queries share its call.
typedef struct {
  const float *query;
  size_t ldq;
  const float *keys;
  size_t ldk;
  const float *values;
  size_t ldv;
  float *out;
  size_t ldo;
  size_t queries, key_count, head_depth, value_depth;
  float scale;
  void *prepared;
  void *workspace;
} sam2_attention_s8;

/// Attention of one head to tokens in the cells of a grid, in int8: `axial_attention` of
/// `Formats/operators.md`. A key would be a token times a projection that rotates with the token's
/// cell. Keys are never computed; instead, queries are projected for each column and row of the
/// grid.
///
/// Once for each projection, `axial_s8_project` rounds its rows [(width + height) * channels, then
/// width + height biases if `has_bias`, depth / 2], columns of the grid before its rows, into
/// `projection`, which holds `axial_s8_projection_bytes(...)` bytes. Then, as in attention_s8,
/// `axial_s8_prepare` rounds tokens and values into `prepared`, tile by tile and on any number of
/// threads, and `axial_s8` attends for `queries` rows with a `workspace` of its own. All three
/// buffers are 64-byte aligned; their sizes do not depend on the pointers or `queries`.
///
/// Tokens are [frames * height * width + rest, channels], with as many rows of values. `depth` is a
/// multiple of 32 and at most 65536, and `channels` is a multiple of 16. `height`, `width`,
/// `value_depth` and the number of tokens are at least 1. `out` must not overlap the inputs.
typedef struct {
  const float *query;
  size_t ldq;
  const float *tokens;
  size_t ldt;
  /// NULL, or rows that are first added to those of the tokens.
  const float *codes;
  size_t ldc;
  const float *values;
  size_t ldv;
  float *out;
  size_t ldo;
  size_t queries, depth, channels, value_depth;
  size_t height, width, frames, rest;
  int has_bias;
  float scale;
  const void *projection;
  void *prepared;
  void *workspace;
} sam2_axial_s8;

// MARK: - The table

typedef struct {
  const char *name;  // of the level

  /// Columns in one packed panel. A packed matrix occupies ceil(columns / panel) * panel * depth
  /// elements; panel p starts at p * panel * depth.
  size_t panel_columns_f32;
  /// Rows of a tile of a product: calls with fewer rows, or just a few more, use the units badly.
  size_t tile_rows_f32;
  /// The same for int8; depth is padded with zeros to a multiple of `depth_multiple_s8`, so panel p
  /// starts at p * panel * padded depth bytes.
  size_t panel_columns_s8;
  size_t depth_multiple_s8;
  size_t tile_rows_s8;

  /// Packs B so that B[k, n] = source[n * column_stride + k * depth_stride]. A weight [N, K] has
  /// column_stride K and depth_stride 1; keys [tokens, depth] likewise with their row stride.
  /// Packs panels [first_panel, last_panel), with zeros in columns past the end.
  void (*pack_f32)(const float *source, size_t column_stride, size_t depth_stride, size_t columns,
                   size_t depth, size_t first_panel, size_t last_panel, float *packed);
  void (*gemm_f32)(const sam2_gemm_f32 *task);

  /// The same in bfloat16. A packed matrix has 16-bit elements, in panels of `panel_columns_bf16`
  /// columns, and its depth is padded with zeros to a multiple of `depth_multiple_bf16`, so panel p
  /// starts at p * panel * padded depth elements.
  /// Operands are rounded to the nearest bfloat16, ties to even, with identical bits on every
  /// level; subnormal numbers become zero and NaN stays NaN. Products are exact and sums are
  /// float32.
  size_t panel_columns_bf16;
  size_t depth_multiple_bf16;
  size_t tile_rows_bf16;
  void (*pack_bf16)(const float *source, size_t column_stride, size_t depth_stride, size_t columns,
                    size_t depth, size_t first_panel, size_t last_panel, uint16_t *packed);
  void (*gemm_bf16)(const sam2_gemm_f32 *task);

  /// Packs weights [columns, depth], row stride `depth`.
  void (*pack_s8)(const int8_t *weights, size_t columns, size_t depth, int8_t *packed);
  void (*gemm_u8s8)(const sam2_gemm_u8s8 *task);
  /// The raw 32-bit sums, sum_k a * w, before any correction; tests compare them across levels.
  /// `lda` is as in sam2_gemm_u8s8: bytes from depth up to the next multiple of 64 are read but not
  /// used.
  void (*gemm_u8s8_i32)(const uint8_t *a, size_t lda, const int8_t *packed, int32_t *c, size_t ldc,
                        size_t rows, size_t columns, size_t depth);
  /// Per row: scale = (max - min) / 255 with min <= 0 <= max, zero = round(-min / scale),
  /// q = clamp(round_half_even(x / scale) + zero, 0, 255). A row of zeros has scale 1 and zero 0.
  /// Bytes from depth to ld_out are set to `zero`. Integers are identical on every level, because
  /// all of them divide with one multiplication by 1.0f / scale. A NaN becomes byte 0; a row whose
  /// range overflows, or is too narrow for a normal scale, gets scale 1 and zero 0.
  void (*quantize_rows_u8)(const float *x, size_t ldx, size_t rows, size_t depth, uint8_t *out,
                           size_t ld_out, float *scale, int32_t *zero);

  size_t (*attention_f32_workspace)(size_t key_count, size_t head_depth, size_t value_depth);
  void (*attention_f32)(const sam2_attention_f32 *task);
  size_t (*attention_bf16_workspace)(size_t key_count, size_t head_depth, size_t value_depth);
  void (*attention_bf16)(const sam2_attention_f32 *task);

  size_t (*attention_s8_prepared_bytes)(const sam2_attention_s8 *task);
  size_t (*attention_s8_workspace_bytes)(const sam2_attention_s8 *task);
  /// Rounds the keys and values of tiles [first_tile, last_tile) of SAM2_KEY_TILE keys.
  void (*attention_s8_prepare)(const sam2_attention_s8 *task, size_t first_tile, size_t last_tile);
  void (*attention_s8)(const sam2_attention_s8 *task);
  /// For tests that compare levels: the sums of products of the rounded queries and keys, and the
  /// weight 0...255 of each key in its tile. Both outputs are [queries, key_count].
  void (*attention_s8_integers)(const sam2_attention_s8 *task, int32_t *scores, uint8_t *weights);

  size_t (*axial_s8_projection_bytes)(const sam2_axial_s8 *task);
  void (*axial_s8_project)(const sam2_axial_s8 *task, const float *rows, void *projection);
  size_t (*axial_s8_prepared_bytes)(const sam2_axial_s8 *task);
  size_t (*axial_s8_workspace_bytes)(const sam2_axial_s8 *task);
  /// Number of tiles of tokens.
  size_t (*axial_s8_tiles)(const sam2_axial_s8 *task);
  void (*axial_s8_prepare)(const sam2_axial_s8 *task, size_t first_tile, size_t last_tile);
  void (*axial_s8)(const sam2_axial_s8 *task);

  /// Attention of the cells of an image to a few tokens: softmax in place over the tokens of each
  /// head, row by row. A column is token * heads + head. `heads` is the vector width (half a panel)
  /// multiplied or divided by a power of two, and `columns` is a multiple of both.
  void (*softmax_groups_f32)(float *scores, size_t ld, size_t rows, size_t columns, size_t heads);
  /// Attention of a few tokens to cells that arrive a few rows at a time: scores become
  /// exp(score - maximum) in place, where `maximum` is the largest score in the column so far.
  /// `total` becomes the sum of the column's weights so far, and `factor` the number that earlier
  /// weights must be multiplied by. Start with maximum -infinity and total 0. `columns` is a
  /// multiple of the vector width.
  void (*softmax_columns_f32)(float *scores, size_t ld, size_t rows, size_t columns, float *maximum,
                              float *total, float *factor);
  /// c[r, n] = factor[r] c[r, n] + sum_k a[k, r] b[k, n], where `rows` and `columns` are multiples
  /// of the vector width.
  void (*add_outer_f32)(const float *a, size_t lda, const float *b, size_t ldb, float *c,
                        size_t ldc, size_t rows, size_t columns, size_t depth,
                        const float *factor);

  /// y = (x - mean) / sqrt(variance + epsilon) * weight + bias over each row of `columns`.
  void (*layer_norm_f32)(const float *x, size_t ldx, float *y, size_t ldy, size_t rows,
                         size_t columns, const float *weight, const float *bias, float epsilon);

  /// y = act(x), elementwise; may be in place.
  void (*activate_f32)(const float *x, float *y, size_t count, sam2_activation activation);
  /// out = a + b and out = a * b, elementwise; may be in place.
  void (*add_f32)(const float *a, const float *b, float *out, size_t count);
  void (*multiply_f32)(const float *a, const float *b, float *out, size_t count);
  /// y = x * scale + offset.
  void (*affine_f32)(const float *x, float *y, size_t count, float scale, float offset);

  /// Rotates pairs: for each row r and pair j, with (c, s) = (cosine, sine)[r % table_rows, j]:
  /// y[2j] = x[2j] c - x[2j+1] s; y[2j+1] = x[2j] s + x[2j+1] c. columns = 2 * pairs.
  /// `first_row` is the token index of x's first row.
  void (*rotate_pairs_f32)(const float *x, size_t ldx, float *y, size_t ldy, size_t rows,
                           size_t columns, const float *cosine, const float *sine,
                           size_t table_rows, size_t first_row);

  /// y[row, i] = x[row, i] * scale[i] + shift[i].
  void (*scale_rows_f32)(const float *x, size_t ldx, float *y, size_t ldy, size_t rows,
                         size_t columns, const float *scale, const float *shift);

  /// Depthwise convolution, channels last: x [height, width, channels], weight
  /// [kernel * kernel, channels] (repacked by the caller), zero padding `padding`. Output rows
  /// [first_row, last_row) of [(height + 2 * padding - kernel) / stride + 1, likewise for the
  /// width, channels]. `bias` may be NULL.
  void (*depthwise_conv_f32)(const float *x, size_t height, size_t width, size_t channels,
                             const float *weight, const float *bias, size_t kernel, size_t stride,
                             size_t padding, float *y, size_t first_row, size_t last_row);

  /// Maximum of each `window` x `window` cell at stride `window`, channels last: output rows
  /// [first_row, last_row) of [height / window, width / window, channels]. The channels of
  /// neighbouring cells of x are `ldx` apart.
  void (*max_pool_f32)(const float *x, size_t ldx, size_t height, size_t width, size_t channels,
                       size_t window, float *y, size_t first_row, size_t last_row);

  /// Scaled sums of places, channels last: y[c] = scale * the sum of x[r * row_stride + p *
  /// channels
  /// + c] over r < rows and p < places.
  void (*sum_places_f32)(const float *x, size_t row_stride, size_t rows, size_t places,
                         size_t channels, float scale, float *y);

  /// y[i] = a[i] * wa + b[i] * wb: one output row of a separable resize.
  void (*blend_rows_f32)(const float *a, const float *b, float wa, float wb, float *y,
                         size_t count);

  /// Peak of a core, for percent-of-peak reports: a loop of `iterations` multiply-add steps in
  /// registers, as the products use them. They return the number of multiply-accumulates done; the
  /// caller measures the time.
  uint64_t (*peak_f32)(uint64_t iterations);
  uint64_t (*peak_bf16)(uint64_t iterations);
  uint64_t (*peak_s8)(uint64_t iterations);
} sam2_kernels;

/// Hints to the CPU that a loop is waiting for another thread.
static inline void sam2_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

// MARK: - Levels

/// Bit positions of the features that levels need; the list covers every architecture.
enum {
#define X86_FEATURE(identifier, ...) SAM2_FEATURE_##identifier,
#define ARM_FEATURE(identifier, ...) SAM2_FEATURE_##identifier,
#include "../cpu/feature_list.h"
};

/// The features as single bits.
enum {
#define X86_FEATURE(identifier, ...) SAM2_CPU_##identifier = 1 << SAM2_FEATURE_##identifier,
#define ARM_FEATURE(identifier, ...) SAM2_CPU_##identifier = 1 << SAM2_FEATURE_##identifier,
#include "../cpu/feature_list.h"
};

/// Features of this CPU that the system lets a process use. They are probed once. This and
/// everything below is safe to call from any thread.
uint32_t sam2_cpu_features(void);
/// Name of the feature with this bit; NULL for any other number.
const char *sam2_feature_name(uint32_t feature);

/// A level of this architecture on this machine.
typedef struct {
  const char *name;
  /// Features that the level needs, and those among them that this CPU lacks.
  uint32_t needs, lacks;
  /// Error number if the system refused something the level needs besides features, else 0.
  int refusal;
  /// The table, which never changes, or NULL when the level cannot run here.
  const sam2_kernels *kernels;
} sam2_level;

/// The levels that cpu/level_list.h has for this architecture, in its order: the portable one comes
/// first and always runs, better ones follow. The first call asks the system for whatever the
/// levels need besides features.
const sam2_level *sam2_levels(size_t *count);
/// Levels for tests: the kernels of other levels, with their instructions replaced by code that
/// needs fewer features. No machine has any of them as a real level.
const sam2_level *sam2_emulated_levels(size_t *count);

/// A row of the list.
typedef struct {
  const char *name;
  uint32_t needs;
  /// Asks the system; returns 0 or an error number. Called only where the CPU has the features.
  int (*permission)(void);
  /// Enters the level's own kernels in a table.
  void (*use)(sam2_kernels *table);
} sam2_level_row;

/// The rows of the list for this architecture.
const sam2_level_row *sam2_level_rows(size_t *count);
/// Fills `count` levels from as many rows, and the tables of those that can run on a CPU with
/// `features`.
void sam2_find_levels(const sam2_level_row *rows, size_t count, uint32_t features,
                      sam2_level *levels, sam2_kernels *tables);

// MARK: - Profiling

/// The table `kernels` with a clock around its products and attention, softmax included: the gemm,
/// attention and axial kernels, but not the packing and rounding of their operands. A process has
/// one such table; the result is NULL if it already exists for other kernels.
const sam2_kernels *sam2_clocked_products(const sam2_kernels *kernels);
/// Total time that all threads have spent inside the kernels of that table.
uint64_t sam2_product_nanoseconds(void);

// MARK: - Checksums

/// Folds a message into a shorter one with equal CRC-32 (as in zip; reflected polynomial
/// 0xEDB88320): processing `folded` from 0 leaves the same register as processing `bytes` from
/// `crc`. `count` is a multiple of 64 and at least 64. On a CPU without carry-less products, does
/// nothing and returns 0.
int sam2_crc32_fold(uint32_t crc, const uint8_t *bytes, size_t count, uint8_t folded[16]);

#ifdef __cplusplus
}
#endif

#endif
