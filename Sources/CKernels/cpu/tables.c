// The function tables, one per level.

#include "../kernels.h"

/// A table of `level` with the int8 product of `int8_level`.
#define TABLE(isa_value, table_name, level, int8_level)                                            \
  {                                                                                                \
    .isa = isa_value, .name = table_name,                                                          \
    .panel_columns_f32 = SAM2_PANEL_##level,                                                       \
    .panel_columns_s8 = SAM2_PANEL_##int8_level,                                                   \
    .depth_multiple_s8 = SAM2_FOLD_##int8_level,                                                   \
    .pack_f32 = pack_f32__##level, .gemm_f32 = gemm_f32__##level,                                  \
    .pack_s8 = pack_s8__##int8_level, .gemm_u8s8 = gemm_u8s8__##int8_level,                        \
    .gemm_u8s8_i32 = gemm_u8s8_i32__##int8_level,                                                  \
    .quantize_rows_u8 = quantize_rows_u8__##level,                                                 \
    .attention_f32_workspace = attention_f32_workspace__##level,                                   \
    .attention_f32 = attention_f32__##level,                                                       \
    .attention_s8_prepared = attention_s8_prepared__##int8_level,                                  \
    .attention_s8_workspace = attention_s8_workspace__##int8_level,                                \
    .attention_s8_prepare = attention_s8_prepare__##int8_level,                                    \
    .attention_s8 = attention_s8__##int8_level,                                                    \
    .attention_s8_integers = attention_s8_integers__##int8_level,                                  \
    .axial_s8_projection = axial_s8_projection__##int8_level,                                      \
    .axial_s8_project = axial_s8_project__##int8_level,                                            \
    .axial_s8_prepared = axial_s8_prepared__##int8_level,                                          \
    .axial_s8_workspace = axial_s8_workspace__##int8_level,                                        \
    .axial_s8_tiles = axial_s8_tiles__##int8_level,                                                \
    .axial_s8_prepare = axial_s8_prepare__##int8_level,                                            \
    .axial_s8 = axial_s8__##int8_level,                                                            \
    .soften_groups_f32 = soften_groups_f32__##level,                                               \
    .soften_columns_f32 = soften_columns_f32__##level, .add_outer_f32 = add_outer_f32__##level,    \
    .layer_norm_f32 = layer_norm_f32__##level,                                                     \
    .activate_f32 = activate_f32__##level, .add_f32 = add_f32__##level,                            \
    .multiply_f32 = multiply_f32__##level, .affine_f32 = affine_f32__##level,                      \
    .rotate_pairs_f32 = rotate_pairs_f32__##level,                                                 \
    .depthwise_conv_f32 = depthwise_conv_f32__##level,                                             \
    .max_pool_f32 = max_pool_f32__##level, .blend_rows_f32 = blend_rows_f32__##level,              \
  }

static const sam2_kernels tables[] = {
    TABLE(SAM2_ISA_SCALAR, "scalar", scalar, scalar),
#if defined(__x86_64__)
    TABLE(SAM2_ISA_AVX2, "avx2", avx2, avx2),
    TABLE(SAM2_ISA_AVX512, "avx512", avx512, avx512),
    TABLE(SAM2_ISA_AVX512_VNNI, "avx512-vnni", avx512, avx512_vnni),
#endif
};

const sam2_kernels *sam2_kernels_for(sam2_isa isa) {
  return isa <= sam2_best_isa() ? &tables[isa] : (const sam2_kernels *)0;
}

uint64_t sam2_peak_f32(sam2_isa isa, uint64_t iterations) {
  if (isa > sam2_best_isa())
    return 0;
  switch (isa) {
#if defined(__x86_64__)
  case SAM2_ISA_AVX512_VNNI:
  case SAM2_ISA_AVX512:
    return peak_f32__avx512(iterations);
  case SAM2_ISA_AVX2:
    return peak_f32__avx2(iterations);
#endif
  default:
    return peak_f32__scalar(iterations);
  }
}

uint64_t sam2_peak_s8(sam2_isa isa, uint64_t iterations) {
  if (isa > sam2_best_isa())
    return 0;
  switch (isa) {
#if defined(__x86_64__)
  case SAM2_ISA_AVX512_VNNI:
    return peak_s8__avx512_vnni(iterations);
  case SAM2_ISA_AVX512:
    return peak_s8__avx512(iterations);
  case SAM2_ISA_AVX2:
    return peak_s8__avx2(iterations);
#endif
  default:
    return peak_s8__scalar(iterations);
  }
}
