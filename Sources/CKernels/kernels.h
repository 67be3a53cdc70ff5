// Every kernel of every level, for the tables, and the tile shapes that levels differ in.

#ifndef SAM2_KERNELS_H
#define SAM2_KERNELS_H

#include "include/CKernels.h"

// Columns of a packed panel: two vectors of the level, for floats and for int8 alike.
enum {
  SAM2_PANEL_scalar = 8,
  SAM2_PANEL_avx2 = 16,
  SAM2_PANEL_avx512 = 32,
  SAM2_PANEL_avx512_vnni = 32,
};

// int8 depth elements that one multiply instruction folds into one 32-bit lane.
enum {
  SAM2_FOLD_scalar = 1,
  SAM2_FOLD_avx2 = 2,
  SAM2_FOLD_avx512 = 2,
  SAM2_FOLD_avx512_vnni = 4,
};

#define SAM2_DECLARE_INT8(level)                                                                   \
  void pack_s8__##level(const int8_t *weights, size_t columns, size_t depth, int8_t *packed);      \
  void gemm_u8s8__##level(const sam2_gemm_u8s8 *task);                                             \
  void gemm_u8s8_i32__##level(const uint8_t *a, size_t lda, const int8_t *packed, int32_t *c,      \
                              size_t ldc, size_t rows, size_t columns, size_t depth);              \
  size_t attention_s8_prepared__##level(const sam2_attention_s8 *task);                            \
  size_t attention_s8_workspace__##level(const sam2_attention_s8 *task);                           \
  void attention_s8_prepare__##level(const sam2_attention_s8 *task, size_t first_tile,             \
                                     size_t last_tile);                                            \
  void attention_s8__##level(const sam2_attention_s8 *task);                                       \
  void attention_s8_integers__##level(const sam2_attention_s8 *task, int32_t *scores,              \
                                      uint8_t *weights);                                           \
  size_t axial_s8_projection__##level(const sam2_axial_s8 *task);                                  \
  void axial_s8_project__##level(const sam2_axial_s8 *task, const float *rows, void *projection);  \
  size_t axial_s8_prepared__##level(const sam2_axial_s8 *task);                                    \
  size_t axial_s8_workspace__##level(const sam2_axial_s8 *task);                                   \
  size_t axial_s8_tiles__##level(const sam2_axial_s8 *task);                                       \
  void axial_s8_prepare__##level(const sam2_axial_s8 *task, size_t first_tile, size_t last_tile);  \
  void axial_s8__##level(const sam2_axial_s8 *task);                                               \
  uint64_t peak_s8__##level(uint64_t iterations);

#define SAM2_DECLARE(level)                                                                        \
  SAM2_DECLARE_INT8(level)                                                                         \
  void pack_f32__##level(const float *source, size_t column_stride, size_t depth_stride,           \
                         size_t columns, size_t depth, size_t first_panel, size_t last_panel,      \
                         float *packed);                                                           \
  void gemm_f32__##level(const sam2_gemm_f32 *task);                                               \
  uint64_t peak_f32__##level(uint64_t iterations);                                                 \
  void quantize_rows_u8__##level(const float *x, size_t ldx, size_t rows, size_t depth,            \
                                 uint8_t *out, size_t ld_out, float *scale, int32_t *zero);        \
  size_t attention_f32_workspace__##level(size_t key_count, size_t head_depth,                     \
                                          size_t value_depth);                                     \
  void attention_f32__##level(const sam2_attention_f32 *task);                                     \
  void soften_groups_f32__##level(float *scores, size_t ld, size_t rows, size_t columns,           \
                                  size_t heads);                                                   \
  void soften_columns_f32__##level(float *scores, size_t ld, size_t rows, size_t columns,          \
                                   float *maximum, float *total, float *factor);                   \
  void add_outer_f32__##level(const float *a, size_t lda, const float *b, size_t ldb, float *c,    \
                              size_t ldc, size_t rows, size_t columns, size_t depth,               \
                              const float *factor);                                                \
  void layer_norm_f32__##level(const float *x, size_t ldx, float *y, size_t ldy, size_t rows,      \
                               size_t columns, const float *weight, const float *bias,             \
                               float epsilon);                                                     \
  void activate_f32__##level(const float *x, float *y, size_t count, sam2_activation activation);  \
  void add_f32__##level(const float *a, const float *b, float *out, size_t count);                 \
  void multiply_f32__##level(const float *a, const float *b, float *out, size_t count);            \
  void affine_f32__##level(const float *x, float *y, size_t count, float scale, float offset);     \
  void rotate_pairs_f32__##level(const float *x, size_t ldx, float *y, size_t ldy, size_t rows,    \
                                 size_t columns, const float *cosine, const float *sine,           \
                                 size_t table_rows, size_t first_row);                             \
  void depthwise_conv_f32__##level(const float *x, size_t height, size_t width, size_t channels,   \
                                   const float *weight, const float *bias, size_t kernel,          \
                                   size_t stride, size_t padding, float *y, size_t first_row,      \
                                   size_t last_row);                                               \
  void max_pool_f32__##level(const float *x, size_t ldx, size_t height, size_t width,              \
                             size_t channels, size_t window, float *y, size_t first_row,           \
                             size_t last_row);                                                     \
  void blend_rows_f32__##level(const float *a, const float *b, float wa, float wb, float *y,       \
                               size_t count);

SAM2_DECLARE(scalar)
#if defined(__x86_64__)
SAM2_DECLARE(avx2)
SAM2_DECLARE(avx512)
SAM2_DECLARE_INT8(avx512_vnni)
#endif

#endif
