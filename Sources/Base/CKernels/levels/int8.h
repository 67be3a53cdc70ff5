// Enters the int8 products of a level in a table. A source first includes the level's vocabulary.

#include "../gemm/gemm_u8s8.h"

#ifdef MATRIX_TILES
#include "../cpu/peak_amx.h"
#define HIGHEST_TILE BLOCK_TILE_ROWS
#else
#include "../cpu/peak_s8.h"
#define HIGHEST_TILE TILE_ROWS_S8
#endif

// Any CPU may fill a table, so the level's instructions are not used from here on.
#include "../simd/end.h"

void KERNEL(use_int8)(sam2_kernels *table) {
  table->panel_columns_s8 = TILE_COLUMNS;
  table->depth_multiple_s8 = DEPTH_MULTIPLE_S8;
  table->tile_rows_s8 = HIGHEST_TILE;
  table->pack_s8 = KERNEL(pack_s8);
  table->gemm_u8s8 = KERNEL(gemm_u8s8);
  table->gemm_u8s8_i32 = KERNEL(gemm_u8s8_i32);
  table->peak_s8 = KERNEL(peak_s8);
}
