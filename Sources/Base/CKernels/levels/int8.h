// The int8 products of a level, in a table. A source includes the vocabulary of the level first.

#include "../cpu/peak_s8.h"
#include "../gemm/gemm_u8s8.h"

// Any CPU may fill a table: no instructions of the level from here on.
#include "../simd/end.h"

void KERNEL(use_int8)(sam2_kernels *table) {
  table->panel_columns_s8 = TILE_COLUMNS;
  table->depth_multiple_s8 = FOLD;
  table->tile_rows_s8 = TILE_ROWS_S8;
  table->pack_s8 = KERNEL(pack_s8);
  table->gemm_u8s8 = KERNEL(gemm_u8s8);
  table->gemm_u8s8_i32 = KERNEL(gemm_u8s8_i32);
  table->peak_s8 = KERNEL(peak_s8);
}
