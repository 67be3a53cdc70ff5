// Enters the bfloat16 products and attention of a level in a table. A source first includes the
// level's vocabulary.

#ifndef DEPTH_MULTIPLE_BF16
#define DEPTH_MULTIPLE_BF16 2
#endif

#include "../attention/attention_bf16.h"
#include "../cpu/peak_bf16.h"
#include "../gemm/gemm_bf16.h"

// Any CPU may fill a table, so the level's instructions are not used from here on.
#include "../simd/end.h"

void KERNEL(use_bf16)(sam2_kernels *table) {
  table->panel_columns_bf16 = TILE_COLUMNS;
  table->depth_multiple_bf16 = DEPTH_MULTIPLE_BF16;
  table->tile_rows_bf16 = TILE_ROWS_BF16;
  table->pack_bf16 = KERNEL(pack_bf16);
  table->gemm_bf16 = KERNEL(gemm_bf16);
  table->attention_bf16_workspace = KERNEL(attention_bf16_workspace);
  table->attention_bf16 = KERNEL(attention_bf16);
  table->peak_bf16 = KERNEL(peak_bf16);
}
