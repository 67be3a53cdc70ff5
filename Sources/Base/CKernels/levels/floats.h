// Enters the float kernels of a level in a table. A source first includes the level's vocabulary.

#include "../attention/attention_f32.h"
#include "../attention/token_attention_f32.h"
#include "../cpu/peak_f32.h"
#include "../elementwise/elementwise_f32.h"
#include "../elementwise/rotate_pairs_f32.h"
#include "../gemm/gemm_f32.h"
#include "../norm/layer_norm_f32.h"
#include "../quantize/quantize_rows_u8.h"
#include "../spatial/spatial_f32.h"

// Any CPU may fill a table, so the level's instructions are not used from here on.
#include "../simd/end.h"

void KERNEL(use_floats)(sam2_kernels *table) {
  table->panel_columns_f32 = TILE_COLUMNS;
  table->tile_rows_f32 = TILE_ROWS_F32;
  table->pack_f32 = KERNEL(pack_f32);
  table->gemm_f32 = KERNEL(gemm_f32);
  table->quantize_rows_u8 = KERNEL(quantize_rows_u8);
  table->attention_f32_workspace = KERNEL(attention_f32_workspace);
  table->attention_f32 = KERNEL(attention_f32);
  table->softmax_groups_f32 = KERNEL(softmax_groups_f32);
  table->softmax_columns_f32 = KERNEL(softmax_columns_f32);
  table->add_outer_f32 = KERNEL(add_outer_f32);
  table->layer_norm_f32 = KERNEL(layer_norm_f32);
  table->activate_f32 = KERNEL(activate_f32);
  table->add_f32 = KERNEL(add_f32);
  table->multiply_f32 = KERNEL(multiply_f32);
  table->affine_f32 = KERNEL(affine_f32);
  table->scale_rows_f32 = KERNEL(scale_rows_f32);
  table->rotate_pairs_f32 = KERNEL(rotate_pairs_f32);
  table->depthwise_conv_f32 = KERNEL(depthwise_conv_f32);
  table->max_pool_f32 = KERNEL(max_pool_f32);
  table->sum_places_f32 = KERNEL(sum_places_f32);
  table->blend_rows_f32 = KERNEL(blend_rows_f32);
  table->peak_f32 = KERNEL(peak_f32);
}
